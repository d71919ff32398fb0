import { create } from '@bufbuild/protobuf';
import { durationFromMs, timestampFromMs } from '@bufbuild/protobuf/wkt';
import { TokenPairSchema } from '@signum/contract/signum/v1/token_pb.js';
import {
  IssueResponseSchema,
  RefreshResponseSchema,
} from '@signum/contract/signum/v1/token_service_pb.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromIssued, fromRefreshed, fromTokenPair } from './token-pair.ts';
import { toDuration } from './values.ts';

const texts = { accessToken: 'a', refreshToken: 'r', tokenId: 't1', sessionId: 's1' };
const tokens = {
  ...texts,
  accessExpiresAtMs: 1_700_000_900_123,
  refreshExpiresAtMs: 1_701_000_000_000,
  scopes: [],
  confirmation: undefined,
  expiresInMs: 899_987,
};
const created = create(TokenPairSchema, {
  ...texts,
  accessExpireTime: timestampFromMs(tokens.accessExpiresAtMs),
  refreshExpireTime: timestampFromMs(tokens.refreshExpiresAtMs),
  expiresIn: durationFromMs(tokens.expiresInMs),
});

test('a pair is answered as the message that protobuf-es creates', () => {
  expect(fromTokenPair(tokens)).toStrictEqual(created);
});

test('a lifetime that is over is 0', () => {
  const { expiresIn } = fromTokenPair({ ...tokens, expiresInMs: -1 });
  expect(expiresIn).toStrictEqual(durationFromMs(0));
});

test.each([undefined, 's0'])('what was issued is answered so too, superseding %s', (superseded) => {
  expect(fromIssued({ tokens, supersededSessionId: superseded, revision: 7 })).toStrictEqual(
    create(IssueResponseSchema, {
      tokens: created,
      supersededSessionId: superseded ?? '',
      revision: 7n,
    }),
  );
});

test.each([true, false])('and what was refreshed, replayed: %s', (replayed) => {
  expect(fromRefreshed({ tokens, replayed, revision: 7 })).toStrictEqual(
    create(RefreshResponseSchema, { tokens: created, replayed, revision: 7n }),
  );
});

test('a lifetime is the Duration that protobuf-es creates', () => {
  fc.assert(
    fc.property(fc.nat({ max: 10 ** 13 }), (ms) => {
      expect(toDuration(ms)).toStrictEqual(durationFromMs(ms));
    }),
  );
});
