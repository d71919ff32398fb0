import type { MessageInitShape } from '@bufbuild/protobuf';
import type { WatchRequestSchema } from '@signum/contract/signum/v1/feed_service_pb.js';

type Request = MessageInitShape<typeof WatchRequestSchema>;

/** What an edge says on a stream, in order, for as long as the stream is open. */
export interface Requests extends AsyncIterable<Request> {
  send(request: NonNullable<Request['request']>): void;
  end(): void;
}

export function createRequests(): Requests {
  const waiting: Request[] = [];
  let isEnded = false;
  let wake: (() => void) | undefined;
  return {
    send(request) {
      // An acknowledgement says what one that has not been sent yet says, and more.
      const last = waiting.at(-1)?.request?.case;
      if (request.case === 'ack' && last === 'ack') waiting.pop();
      waiting.push({ request });
      wake?.();
    },
    end() {
      isEnded = true;
      wake?.();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const next = waiting.shift();
        if (next !== undefined) yield next;
        else if (isEnded) return;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    },
  };
}
