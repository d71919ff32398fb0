import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { IssueRequestSchema, TokenService } from '@signum/contract/signum/v1/token_service_pb.js';
import { expect, test } from 'vitest';
import { quickCodecOf } from './quick-codec.ts';

const codec = quickCodecOf(TokenService.method.issue);

test.each<[string, readonly number[]]>([
  ['a field that is not known', [0xf8, 0x01, 0x07]],
  ['a field that is not known, of the device', [0x0a, 0x03, 0x22, 0x01, 0x61]],
  ['a field that is not known, of a lifetime', [0x32, 0x02, 0x18, 0x01]],
  ['a group', [0x13, 0x14]],
  ['custom claims', [0x22, 0x00]],
  ['attributes', [0x2a, 0x02, 0x22, 0x00]],
  ['the device twice', [0x0a, 0x00, 0x0a, 0x00]],
  ['metadata twice', [0x2a, 0x00, 0x2a, 0x00]],
  ['the access lifetime twice', [0x32, 0x02, 0x08, 0x01, 0x32, 0x00]],
  ['the refresh lifetime twice', [0x3a, 0x02, 0x08, 0x01, 0x3a, 0x00]],
  ['the session lifetime twice', [0x42, 0x02, 0x08, 0x01, 0x42, 0x00]],
  ['nanoseconds', [0x32, 0x02, 0x10, 0x01]],
  ['a lifetime of more than eight years', [0x32, 0x06, 0x08, 0x80, 0x80, 0x80, 0x80, 0x01]],
  ['a lifetime past its end', [0x32, 0x02, 0x08, 0x80, 0x01]],
  ['a policy that is text', [0x4a, 0x01, 0x61]],
  ['a policy that is negative', [0x48, ...Array(9).fill(0xff), 0x01]],
  ['a policy that is cut off', [0x48]],
  ['a scope that is no UTF-8', [0x12, 0x01, 0xff]],
  ['a scope past the end', [0x12, 0x02, 0x61]],
  ['a user agent past the end of the metadata', [0x2a, 0x02, 0x12, 0x01, 0x61]],
])('%s is left to protobuf-es', (_what, bytes) => {
  expect(codec.read(Uint8Array.from(bytes))).toBeUndefined();
});

test('of a field that occurs twice the last counts, and messages may be empty', () => {
  const empty = [0x0a, 0x00, 0x2a, 0x00, 0x32, 0x00];
  const twice = [0x48, 0x01, 0x48, 0x82, 0x00, 0x5a, 0x01, 0x61, 0x5a, 0x01, 0x62];
  const seconds = [0x3a, 0x04, 0x08, 0x01, 0x08, 0x02];
  const bytes = Uint8Array.from([...empty, ...twice, ...seconds]);
  const read = codec.read(bytes);
  expect(read).toStrictEqual(fromBinary(IssueRequestSchema, bytes));
  expect(read).toMatchObject({ policy: 2, proof: 'b', refreshLifetime: { seconds: 2n } });
});

test('the longest lifetime that is plain is read', () => {
  const message = create(IssueRequestSchema, { sessionLifetime: { seconds: 2n ** 28n - 1n } });
  expect(codec.read(toBinary(IssueRequestSchema, message))).toStrictEqual(message);
});
