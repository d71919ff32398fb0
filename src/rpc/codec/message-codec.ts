import { createRegistry, type DescMethod, type Message, toJsonString } from '@bufbuild/protobuf';
import { file_google_rpc_error_details } from '@signum/contract/google/rpc/error_details_pb.js';
import { type Encoding, type ReadMessage, readerOf } from './read-message.ts';
import { writerOf } from './write-message.ts';

/** Reads the requests of one method, and writes its answers. */
export interface MessageCodec {
  readonly read: ReadMessage;
  write(message: Message, encoding: Encoding): Uint8Array;
}

/**
 * BatchValidate answers errors as google.protobuf.Any, which JSON spells out by its type's fields:
 * the types that errors carry must be known.
 */
export const JSON_OPTIONS = { registry: createRegistry(file_google_rpc_error_details) };

export function messageCodecOf(method: DescMethod): MessageCodec {
  const { output } = method;
  const writeBinary = writerOf(method);
  return {
    read: readerOf(method),
    write(message, encoding) {
      if (encoding === 'json') return Buffer.from(toJsonString(output, message, JSON_OPTIONS));
      return writeBinary(message);
    },
  };
}

/** The same bytes. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
