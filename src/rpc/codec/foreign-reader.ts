import { type DescMessage, fromBinary, fromJsonString, type Message } from '@bufbuild/protobuf';
import { invalidField } from '../../domain/errors.ts';

/** Reads the messages of another contract; of those of Signum's see readerOf. */
export function foreignReaderOf(schema: DescMessage) {
  return (bytes: Uint8Array, encoding: 'json' | 'binary'): Message => {
    try {
      return encoding === 'json'
        ? fromJsonString(schema, Buffer.from(bytes).toString('utf8'), { ignoreUnknownFields: true })
        : fromBinary(schema, bytes, { readUnknownFields: false });
    } catch {
      throw invalidField('message', `must be a ${schema.typeName}`);
    }
  };
}
