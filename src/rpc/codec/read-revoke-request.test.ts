import { fromBinary } from '@bufbuild/protobuf';
import { RevokeRequestSchema, TokenService } from '@signum/contract/signum/v1/token_service_pb.js';
import { expect, test } from 'vitest';
import { quickCodecOf } from './quick-codec.ts';

const codec = quickCodecOf(TokenService.method.revoke);

test.each<[string, readonly number[]]>([
  ['a field that is not known', [0x3a, 0x01, 0x61]],
  ['ids', [0x12, 0x00]],
  ['a session', [0x1a, 0x00]],
  ['a device', [0x22, 0x00]],
  ['a token and then ids', [0x0a, 0x01, 0x61, 0x12, 0x00]],
  ['a durability', [0x32, 0x00]],
  ['a token that is a number', [0x08, 0x01]],
  ['a token that is no UTF-8', [0x0a, 0x01, 0xff]],
  ['a token past the end', [0x0a, 0x02, 0x61]],
  ['a reason that is text', [0x2a, 0x01, 0x61]],
  ['a reason that is negative', [0x28, ...Array(9).fill(0xff), 0x01]],
  ['a reason that is cut off', [0x28]],
  ['a tag alone', [0x0a]],
])('%s is left to protobuf-es', (_what, bytes) => {
  expect(codec.read(Uint8Array.from(bytes))).toBeUndefined();
});

test('of a field that occurs twice the last counts', () => {
  const bytes = Uint8Array.from([0x0a, 0x01, 0x61, 0x28, 0x01, 0x0a, 0x01, 0x62, 0x28, 0x05]);
  const read = codec.read(bytes);
  expect(read).toStrictEqual(fromBinary(RevokeRequestSchema, bytes));
  expect(read).toMatchObject({ subject: { case: 'token', value: 'b' }, reason: 5 });
});
