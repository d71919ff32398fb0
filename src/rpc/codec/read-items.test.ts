import { create, toBinary } from '@bufbuild/protobuf';
import {
  TokenService,
  ValidateRequestSchema,
} from '@signum/contract/signum/v1/token_service_pb.js';
import { expect, test } from 'vitest';
import { quickCodecOf } from './quick-codec.ts';

const one = quickCodecOf(TokenService.method.validate);
const batch = quickCodecOf(TokenService.method.batchValidate);

/** Requests that are not plain; some are not requests at all. */
const STRANGE: readonly [string, readonly number[]][] = [
  ['a field that is not known', [0xf8, 0x01, 0x07]],
  ['a field that is not known, of ids', [0x12, 0x02, 0x28, 0x01]],
  ['a group', [0x33, 0x34]],
  ['min_revision', [0x28, 0x07]],
  ['two subjects', [0x0a, 0x01, 0x61, 0x12, 0x00]],
  ['ids twice', [0x12, 0x00, 0x12, 0x00]],
  ['text that is no UTF-8', [0x22, 0x01, 0xff]],
  ['text that is cut off within a character', [0x22, 0x02, 0xe2, 0x82]],
  ['a replacement character', [0x22, 0x03, 0xef, 0xbf, 0xbd]],
  ['a length of three bytes', [0x22, 0x81, 0x80, 0x00, 0x61]],
  ['a length past the end', [0x22, 0x02, 0x61]],
  ['an id past the end of the ids', [0x12, 0x02, 0x0a, 0x01, 0x61]],
];

test.each(STRANGE)('%s is left to protobuf-es', (_what, bytes) => {
  expect(one.read(Uint8Array.from(bytes))).toBeUndefined();
});

test.each(STRANGE)('a batch in which an item has %s is left to protobuf-es', (_what, bytes) => {
  const plain = [0x0a, 0x03, 0x22, 0x01, 0x61];
  const item = [0x0a, bytes.length, ...bytes];
  for (const all of [item, [...plain, ...item], [...item, ...plain]]) {
    expect(batch.read(Uint8Array.from(all))).toBeUndefined();
  }
});

test.each<[string, readonly number[]]>([
  ['a field that is not known', [0x10, 0x01]],
  ['a group', [0x0b, 0x0c]],
  ['an item that is a number', [0x08, 0x00]],
  ['an item past the end', [0x0a, 0x04, 0x22, 0x01, 0x61]],
  ['a field past the end of its item', [0x0a, 0x02, 0x22, 0x01, 0x61]],
])('a batch with %s is left to protobuf-es', (_what, bytes) => {
  expect(batch.read(Uint8Array.from(bytes))).toBeUndefined();
});

test('text of any language is plain', () => {
  const audience = 'Zürich, Łódź, 東京, \u{1f600}, \ufeff';
  const message = create(ValidateRequestSchema, { audience });
  expect(one.read(toBinary(ValidateRequestSchema, message))).toEqual(message);
});
