import type { Readable } from 'node:stream';
import { SignumError } from '../../domain/errors.ts';
import { messageTooLarge } from '../../rpc/codec/read-message.ts';

/** How long a client has to send a whole body, in milliseconds. */
export const BODY_TIMEOUT_MS = 10_000;

/**
 * Reads a request's body, of at most `maxBytes` and within BODY_TIMEOUT_MS, without an iterator:
 * nearly every body is a single chunk. One that is announced to be longer is refused unread.
 */
export function readBody(
  stream: Readable,
  maxBytes: number,
  announced: string | undefined,
): Promise<Uint8Array> {
  if (announced !== undefined && Number(announced) > maxBytes) {
    return Promise.reject(messageTooLarge(maxBytes));
  }
  // A body of no bytes may have come to its end before anybody looked.
  if (stream.readableEnded) return Promise.resolve(new Uint8Array());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = () => {
      clearTimeout(timer);
      stream.off('data', onData).off('end', onEnd).off('close', onClose);
    };
    const refuse = (error: Error) => {
      settle();
      // The rest is not kept, but it has to be taken off the connection.
      stream.resume();
      reject(error);
    };
    const onData = (chunk: Buffer) => {
      size += chunk.byteLength;
      chunks.push(chunk);
      if (size > maxBytes) refuse(messageTooLarge(maxBytes));
    };
    const onEnd = () => {
      settle();
      const [first] = chunks;
      resolve(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks));
    };
    const onClose = () => refuse(new SignumError('CANCELLED', 'the client went away'));
    const timer = setTimeout(() => refuse(bodyTooSlow()), BODY_TIMEOUT_MS);
    stream.on('data', onData).on('end', onEnd).on('close', onClose);
  });
}

function bodyTooSlow(): SignumError {
  return new SignumError('DEADLINE_EXCEEDED', 'the request body did not arrive in time');
}
