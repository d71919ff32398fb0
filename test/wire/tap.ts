import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ValidateStreamRequestSchema } from '@signum/contract/signum/v1/token_service_pb.js';

export type Batch = MessageInitShape<typeof ValidateStreamRequestSchema>;

/** The requests of a stream, as a test sends them. */
export interface Tap {
  readonly messages: AsyncIterable<Batch>;
  send(batch: Batch): void;
  /** Closes the client's side. */
  end(): void;
}

/** With `endless` every request that the transport asks for is there at once, and made by it. */
export function createTap(endless?: () => Batch): Tap {
  const waiting: Batch[] = [];
  let ended = false;
  let wake = () => {};
  async function* messages(): AsyncGenerator<Batch> {
    for (;;) {
      const next = endless ? endless() : waiting.shift();
      if (next !== undefined) yield next;
      else if (ended) return;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  }
  return {
    messages: messages(),
    send(batch) {
      waiting.push(batch);
      wake();
    },
    end() {
      ended = true;
      wake();
    },
  };
}

/** All answers that still come. */
export async function rest<T>(answers: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const answer of answers) all.push(answer);
  return all;
}

/** Reads to the end. */
export async function last<T>(answers: AsyncIterable<T>): Promise<T | undefined> {
  return (await rest(answers)).at(-1);
}
