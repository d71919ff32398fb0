import { setTimeout as sleep } from 'node:timers/promises';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Client } from '@connectrpc/connect';
import type {
  FeedService,
  WatchRequestSchema,
} from '@signum/contract/signum/v1/feed_service_pb.js';
import { readResponse } from '../../../../packages/edge/src/feed/read-response.ts';
import type { FeedState } from './feed-state.ts';

export interface FollowOptions {
  /** One for each server; the next one after each stream. */
  readonly clients: readonly Client<typeof FeedService>[];
  readonly headers: Readonly<Record<string, string>>;
  readonly state: FeedState;
  readonly isEdge: boolean;
  /** The number of a renewal that is about to be sent. */
  nextRenewal(): number;
  /** A checkpoint has been taken that answers a renewal; 0 for none. */
  onCheckpoint(answers: number): void;
  /** Whether the stream is not to be read at the moment. */
  isPaused(): boolean;
}

type Request = MessageInitShape<typeof WatchRequestSchema>;

const RENEW_MS = 100;
const RETRY_MS = 100;
/** Nothing has come for so long: the connection is gone, though nobody has said so. */
const SILENCE_MS = 3_000;
const LOOK_MS = 20;

/** Follows the feed for ever, over one stream after another. */
export async function follow(options: FollowOptions): Promise<never> {
  for (let turn = 0; ; turn += 1) {
    await followOnce(options, turn).catch(() => undefined);
    await sleep(RETRY_MS);
  }
}

async function followOnce(options: FollowOptions, turn: number): Promise<void> {
  const { clients, headers, state, isPaused } = options;
  const client = clients[turn % clients.length];
  if (!client) throw new Error('no server to follow');
  const over = new AbortController();
  const asking = askWhile(options, over.signal);
  let heardMs = performance.now();
  const silence = setInterval(() => {
    if (isPaused()) heardMs = performance.now();
    if (performance.now() - heardMs > SILENCE_MS) over.abort();
  }, LOOK_MS);
  state.connecting();
  try {
    for await (const response of client.watch(asking.requests, { headers, signal: over.signal })) {
      heardMs = performance.now();
      while (isPaused()) await sleep(LOOK_MS);
      const message = readResponse(response);
      if (!message) throw new Error('a response that is not understood');
      state.take(message);
      for (const part of message.parts) {
        if (part.kind === 'CHECKPOINT') options.onCheckpoint(part.renewal);
        if (part.kind === 'EVENTS' && part.events.some(({ awaited }) => awaited)) {
          asking.acknowledge();
        }
      }
    }
  } finally {
    clearInterval(silence);
    over.abort();
  }
}

/** What is said on a stream until it is over. */
function askWhile(options: FollowOptions, over: AbortSignal) {
  const { state, isEdge, nextRenewal } = options;
  const queue: Request[] = [];
  let wake: (() => void) | undefined;
  const say = (request: NonNullable<Request['request']>) => {
    queue.push({ request });
    wake?.();
  };
  const cursor = state.cursor();
  say({ case: 'start', value: { edge: isEdge, ...(cursor && { cursor }) } });
  const renewing = setInterval(() => {
    if (!isEdge || state.sequence === 0) return;
    const renewal = BigInt(nextRenewal());
    say({ case: 'renew', value: { renewal, applied: BigInt(state.sequence) } });
  }, RENEW_MS);
  over.addEventListener('abort', () => {
    clearInterval(renewing);
    wake?.();
  });
  return {
    acknowledge: () => {
      if (isEdge) say({ case: 'ack', value: { applied: BigInt(state.sequence) } });
    },
    requests: (async function* () {
      while (!over.aborted) {
        const next = queue.shift();
        if (next) yield next;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    })(),
  };
}
