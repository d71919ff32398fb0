import type { DescMethod, Message } from '@bufbuild/protobuf';
import { SignumError } from '../../domain/errors.ts';
import { readBinary } from './binary-reader.ts';
import { foreignReaderOf } from './foreign-reader.ts';
import { readJson } from './json-reader.ts';
import { shapeOf } from './message-shape.ts';

/** What a message is written in. */
export type Encoding = 'json' | 'binary';

/**
 * Reads the request messages of one method, for every transport. Throws INVALID_FIELD for whatever
 * is not understood, naming the field and the rule: a field, an enum's value or an alternative that
 * the contract has not, or anything given twice, half, or in a way that would change it.
 */
export type ReadMessage = (bytes: Uint8Array, encoding: Encoding) => Message;

/** One that is longer than it may be, whatever it holds: it is not looked at. */
export function messageTooLarge(maxBytes: number): SignumError {
  return new SignumError('MESSAGE_TOO_LARGE', `message: must be at most ${maxBytes} bytes`, {
    metadata: { max_bytes: `${maxBytes}` },
  });
}

/**
 * Throws if the contract has a field that cannot be read. Of what another contract has made, Signum
 * knows a part only, and passes over the rest.
 */
export function readerOf({ input, parent }: DescMethod): ReadMessage {
  if (!parent.typeName.startsWith('signum.')) return foreignReaderOf(input);
  const shape = shapeOf(input);
  return (bytes, encoding) =>
    encoding === 'json' ? readJson(shape, bytes) : readBinary(shape, bytes);
}
