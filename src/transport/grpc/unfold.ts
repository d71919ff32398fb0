import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import type { Head } from '../../call/head.ts';
import { invalidField, messageTooLarge } from '../../domain/errors.ts';
import { hasFlags, PREFIX_BYTES } from '../body/frames.ts';

const UNFOLD = { gzip: promisify(gunzip), deflate: promisify(inflate) };

/** Of the flags of a message. */
const COMPRESSED = 1;

/**
 * The message in a frame with flags, decompressed to at most `maxBytes`.
 * @throws INVALID_FIELD for a compression that is not known, or not allowed here.
 */
export async function unfold(
  frame: Buffer,
  head: Pick<Head, 'header'>,
  isAllowed: boolean,
  maxBytes: number,
): Promise<Uint8Array> {
  const encoding = frame[0] === COMPRESSED ? head.header('grpc-encoding') : undefined;
  if (!isAllowed || !(encoding === 'gzip' || encoding === 'deflate')) throw hasFlags();
  try {
    return await UNFOLD[encoding](frame.subarray(PREFIX_BYTES), { maxOutputLength: maxBytes });
  } catch (thrown) {
    const isTooLarge = (thrown as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw isTooLarge ? messageTooLarge(maxBytes) : invalidField('message', `must be ${encoding}`);
  }
}
