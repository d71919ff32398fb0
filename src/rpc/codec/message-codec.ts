import {
  createRegistry,
  type DescMessage,
  type DescMethod,
  fromBinary,
  fromJsonString,
  type Message,
  toBinary,
  toJsonString,
} from '@bufbuild/protobuf';
import {
  CheckRequestSchema,
  type CheckResponse,
  CheckResponseSchema,
} from '@signum/contract/envoy/service/auth/v3/external_auth_pb.js';
import { file_google_rpc_error_details } from '@signum/contract/google/rpc/error_details_pb.js';
import {
  type WatchResponse,
  WatchResponseSchema,
} from '@signum/contract/signum/v1/feed_service_pb.js';
import {
  BatchValidateResponseSchema,
  type ValidateResponse,
  ValidateResponseSchema,
  ValidateStreamResponseSchema,
} from '@signum/contract/signum/v1/token_service_pb.js';
import { invalidField } from '../../domain/errors.ts';
import { readBinary } from './binary-reader.ts';
import { BinaryWriter } from './binary-writer.ts';
import { readJson } from './json-reader.ts';
import { shapeOf } from './message-shape.ts';
import { knowsCheck, readCheckRequest } from './read-check.ts';
import { knowsCheckAnswer, writeCheckAnswer } from './write-check.ts';
import { knowsWatchResponse, writeWatchResponse } from './write-feed.ts';
import {
  knowsValidation,
  type Results,
  writeResults,
  writeValidation,
} from './write-validation.ts';

/** What a message is written in. */
export type Encoding = 'json' | 'binary';

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

/**
 * Reads the request messages of one method, for every transport. Throws INVALID_FIELD for whatever
 * is not understood, naming the field and the rule: a field, an enum's value or an alternative that
 * the contract has not, or anything given twice, half, or in a way that would change it.
 */
export type ReadMessage = (bytes: Uint8Array, encoding: Encoding) => Message;

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

/** Reads the messages of another contract; of those of Signum's see readerOf. */
function foreignReaderOf(schema: DescMessage): ReadMessage {
  const read = schema === CheckRequestSchema && knowsCheck() ? readCheckRequest : undefined;
  return (bytes, encoding) => {
    try {
      return encoding === 'json'
        ? fromJsonString(schema, Buffer.from(bytes).toString('utf8'), { ignoreUnknownFields: true })
        : (read?.(bytes) ?? fromBinary(schema, bytes, { readUnknownFields: false }));
    } catch {
      throw invalidField('message', `must be a ${schema.typeName}`);
    }
  };
}

/** Writes the answers of one method in protobuf. */
export type WriteMessage = (message: Message) => Uint8Array;

/** A longer answer, or result, is not of the usual form. */
const MAX_BYTES = 2_048;

/**
 * What the feed tells is the same for many, and encoded once. What validates answers most: its
 * answers are written here as long as they are of the usual form, in a quarter of the time of
 * protobuf-es, which writes all others. A property test compares the two.
 */
export function writerOf({ output }: DescMethod): WriteMessage {
  const write = quickWriterOf(output);
  return (message) => write?.(message) ?? toBinary(output, message);
}

/** Undefined for types that protobuf-es writes; it answers undefined to what is not of the usual form. */
export function quickWriterOf(
  output: DescMessage,
): ((message: Message) => Uint8Array | undefined) | undefined {
  if (output === WatchResponseSchema && knowsWatchResponse()) {
    return (message) => writeWatchResponse(message as WatchResponse);
  }
  const write = handWriterOf(output);
  if (write === undefined) return undefined;
  const to = new BinaryWriter(MAX_BYTES);
  return (message) => {
    to.rewind();
    write(to, message);
    return to.finish();
  };
}

function handWriterOf(
  output: DescMessage,
): ((to: BinaryWriter, message: Message) => void) | undefined {
  if (output === CheckResponseSchema && knowsCheckAnswer()) {
    return (to, message) => writeCheckAnswer(to, message as CheckResponse);
  }
  if (!knowsValidation()) return undefined;
  switch (output) {
    case ValidateResponseSchema:
      return (to, message) => writeValidation(to, message as ValidateResponse);
    case BatchValidateResponseSchema:
    case ValidateStreamResponseSchema:
      return (to, message) => writeResults(to, message as Results);
    default:
      return undefined;
  }
}
