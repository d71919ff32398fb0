import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { createClient } from '@connectrpc/connect';
import {
  FeedService,
  type WatchPart,
  type WatchRequest,
  WatchRequestSchema,
  type WatchResponse,
  WatchStartSchema,
} from '@signum/contract/signum/v1/feed_service_pb.js';
import { type Protocol, type TestServer, transportTo } from './server.ts';

/** A subscriber of a server's feed that keeps what it is told, and acknowledges it if it is an edge. */
export interface TestWatcher {
  readonly responses: WatchResponse[];
  /** What all of them told, in order. */
  readonly parts: WatchPart['part'][];
  /** What the stream ended with; undefined while it is open, null after OK. */
  readonly end: { error: unknown } | undefined;
  renew(renewal: number): void;
  ack(): void;
  close(): Promise<void>;
}

export function watchFeed(
  server: Pick<TestServer, 'address' | 'grpcAddress' | 'ca' | 'adminKey'>,
  start: MessageInitShape<typeof WatchStartSchema> = {},
  {
    protocol = 'connect',
    credential = server.adminKey,
    renewEveryMs = start.edge ? 50 : 0,
    acknowledge = start.edge ?? false,
  }: {
    readonly protocol?: Protocol;
    readonly credential?: string;
    readonly renewEveryMs?: number;
    readonly acknowledge?: boolean;
  } = {},
): TestWatcher {
  const address = protocol === 'grpc' ? `https://${server.grpcAddress}` : server.address;
  const client = createClient(FeedService, transportTo(address, server.ca, credential, protocol));
  const responses: WatchResponse[] = [];
  const parts: WatchPart['part'][] = [];
  const outgoing: WatchRequest[] = [
    request({ case: 'start', value: create(WatchStartSchema, start) }),
  ];
  const abort = new AbortController();
  let wake: (() => void) | undefined;
  let end: { error: unknown } | undefined;
  let renewal = 0;

  async function* requests(): AsyncGenerator<WatchRequest> {
    while (!abort.signal.aborted) {
      const next = outgoing.shift();
      if (next) yield next;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  const say = (what: WatchRequest) => {
    outgoing.push(what);
    wake?.();
  };
  // One that does not acknowledge says nothing by its renewals either.
  const applied = () => (acknowledge ? (responses.at(-1)?.sequence ?? 0n) : 0n);
  const watcher: TestWatcher = {
    responses,
    parts,
    get end() {
      return end;
    },
    renew(number) {
      say(request({ case: 'renew', value: { renewal: BigInt(number), applied: applied() } }));
    },
    ack() {
      say(request({ case: 'ack', value: { applied: applied() } }));
    },
    async close() {
      clearInterval(timer);
      abort.abort();
      wake?.();
      await reading;
    },
  };
  const reading = (async () => {
    try {
      for await (const response of client.watch(requests(), { signal: abort.signal })) {
        responses.push(response);
        const told = response.parts.map(({ part }) => part);
        parts.push(...told);
        const isAwaited = told.some(
          (part) => part.case === 'events' && part.value.events.some(({ awaited }) => awaited),
        );
        if (isAwaited && acknowledge) watcher.ack();
      }
      end = { error: null };
    } catch (error) {
      end = { error };
    }
  })();
  const timer =
    renewEveryMs > 0
      ? setInterval(() => {
          renewal += 1;
          watcher.renew(renewal);
        }, renewEveryMs)
      : undefined;
  return watcher;
}

function request(what: MessageInitShape<typeof WatchRequestSchema>['request']): WatchRequest {
  return create(WatchRequestSchema, what ? { request: what } : {});
}
