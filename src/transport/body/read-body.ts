import type { Readable } from 'node:stream';
import { STRANGER_MAX_BYTES } from '../../call/open-call.ts';
import { clientGone, messageTooLarge } from '../../domain/errors.ts';
import { type BodyBudget, MESSAGE_TIMEOUT_MS, messageTooSlow } from './budget.ts';

export interface BodyOptions {
  readonly budget: BodyBudget;
  readonly maxBytes: number;
  /** What `content-length` says, if it is there. */
  readonly announced: string | undefined;
  /** How long ago the message began to come, in milliseconds; default 0. */
  readonly elapsedMs?: number | undefined;
}

/**
 * Reads a request's body, of at most `maxBytes` and in time, without an iterator: nearly every body is
 * a single chunk. One that is announced to be longer is refused unread.
 */
export function readBody(stream: Readable, options: BodyOptions): Promise<Uint8Array> {
  const { budget, maxBytes, announced, elapsedMs = 0 } = options;
  if (announced !== undefined && Number(announced) > maxBytes) {
    return Promise.reject(messageTooLarge(maxBytes));
  }
  // An HTTP/2 stream that is reset comes to its end too.
  if (isAborted(stream)) return Promise.reject(clientGone());
  // A body of no bytes may have come to its end before anybody looked.
  if (stream.readableEnded) return Promise.resolve(new Uint8Array());
  if (stream.destroyed) return Promise.reject(clientGone());
  return new Promise((resolve, reject) => {
    const isStranger = maxBytes <= STRANGER_MAX_BYTES;
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = () => {
      clearTimeout(timer);
      budget.give(size, isStranger);
      stream.off('data', onData).off('end', onEnd).off('close', onClose);
    };
    const refuse = (error: unknown) => {
      settle();
      // The rest is not kept, but it has to be taken off the connection.
      stream.resume();
      reject(error);
    };
    const onData = (chunk: Buffer) => {
      if (size + chunk.byteLength > maxBytes) return refuse(messageTooLarge(maxBytes));
      try {
        budget.take(chunk.byteLength, isStranger);
      } catch (thrown) {
        return refuse(thrown);
      }
      size += chunk.byteLength;
      // A copy where more must come: of a large buffer a few bytes would keep all of it.
      const isHalf = announced !== undefined && size < Number(announced);
      chunks.push(isHalf ? Buffer.from(chunk) : chunk);
    };
    const onEnd = () => {
      settle();
      if (isAborted(stream)) return reject(clientGone());
      const [first] = chunks;
      resolve(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks));
    };
    const onClose = () => refuse(clientGone());
    const timer = setTimeout(() => refuse(messageTooSlow()), MESSAGE_TIMEOUT_MS - elapsedMs);
    stream.on('data', onData).on('end', onEnd).on('close', onClose);
  });
}

function isAborted(stream: Readable): boolean {
  return 'aborted' in stream && stream.aborted === true;
}
