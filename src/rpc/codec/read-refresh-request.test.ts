import { TokenService } from '@signum/contract/signum/v1/token_service_pb.js';
import { expect, test } from 'vitest';
import { quickCodecOf } from './quick-codec.ts';

const codec = quickCodecOf(TokenService.method.refresh);

test.each<[string, readonly number[]]>([
  ['a field that is not known', [0x12, 0x01, 0x61]],
  ['a token that is a number', [0x08, 0x01]],
  ['a token that is no UTF-8', [0x0a, 0x01, 0xff]],
  ['a token past the end', [0x0a, 0x02, 0x61]],
  ['a tag alone', [0x0a]],
])('%s is left to protobuf-es', (_what, bytes) => {
  expect(codec.read(Uint8Array.from(bytes))).toBeUndefined();
});
