import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { DurationSchema } from '@bufbuild/protobuf/wkt';
import { TokenPairSchema } from '@signum/contract/signum/v1/token_pb.js';
import {
  IssueResponseSchema,
  RefreshResponseSchema,
  TokenService,
} from '@signum/contract/signum/v1/token_service_pb.js';
import { expect, test } from 'vitest';
import { quickWriterOf } from './quick-writer.ts';

const $unknown = [{ no: 31, wireType: 0, data: Uint8Array.of(7) }];

test.each<[string, MessageInitShape<typeof TokenPairSchema>]>([
  ['a token that is too long', { accessToken: 'x'.repeat(16_400) }],
  [
    'tokens that are too long together',
    { accessToken: 'x'.repeat(5_000), refreshToken: 'y'.repeat(5_000) },
  ],
  ['a field that is not known', Object.assign(create(TokenPairSchema), { $unknown })],
  [
    'a field that is not known, of a lifetime',
    { expiresIn: Object.assign(create(DurationSchema), { $unknown }) },
  ],
  ['a time before 1970', { refreshExpireTime: { seconds: -1n } }],
  ['a lifetime that is negative', { expiresIn: { nanos: -1 } }],
])('a pair with %s is left to protobuf-es', (_what, tokens) => {
  const { issue, refresh } = TokenService.method;
  expect(quickWriterOf(issue)(create(IssueResponseSchema, { tokens }))).toBeUndefined();
  expect(quickWriterOf(refresh)(create(RefreshResponseSchema, { tokens }))).toBeUndefined();
});
