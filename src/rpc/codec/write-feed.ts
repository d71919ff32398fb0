import { toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import {
  type WatchPart,
  WatchPartSchema,
  type WatchResponse,
  WatchResponseSchema,
} from '@signum/contract/signum/v1/feed_service_pb.js';

const FIELD = { sequence: 1, parts: 2 } as const;

/** Of parts that are told to many: each with its tag and length, as it stands in a response. */
const written = new WeakMap<WatchPart, Uint8Array>();

/** A tag and a varint of 64 bits. */
const PREFIX_BYTES = 11;

/**
 * Writes a response of the feed. What is the same for all subscribers is the same object, and is
 * encoded once: to each goes its own number, and the same bytes behind it.
 */
export function writeWatchResponse(response: WatchResponse): Uint8Array | undefined {
  const { $unknown, sequence, parts } = response;
  const isUsual = $unknown === undefined && sequence > 0n && sequence <= Number.MAX_SAFE_INTEGER;
  if (!isUsual) return undefined;
  const pieces = parts.map(bytesOf);
  const length = pieces.reduce((sum, piece) => sum + piece.length, PREFIX_BYTES);
  const bytes = Buffer.allocUnsafe(length);
  bytes[0] = (FIELD.sequence << 3) | WireType.Varint;
  let at = 1;
  let rest = Number(sequence);
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80;
  bytes[at++] = rest;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes.subarray(0, at);
}

function bytesOf(part: WatchPart): Uint8Array {
  const known = written.get(part);
  if (known !== undefined) return known;
  const bytes = new BinaryWriter()
    .tag(FIELD.parts, WireType.LengthDelimited)
    .bytes(toBinary(WatchPartSchema, part))
    .finish();
  written.set(part, bytes);
  return bytes;
}

/** Whether the contract is as it is written here. */
export function knowsWatchResponse(): boolean {
  const fields = WatchResponseSchema.fields.map(({ name, number }) => [name, number]);
  return JSON.stringify(fields) === JSON.stringify(Object.entries(FIELD));
}
