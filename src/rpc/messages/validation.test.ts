import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { ValidateResponseSchema } from '@signum/contract/signum/v1/token_service_pb.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Validation } from '../../domain/verdict.ts';
import { fromValidation } from './validation.ts';
import { toTimestamp } from './values.ts';

const ref = { tenantId: 'acme', userId: 'u1', deviceId: 'phone', tokenId: 't1' };

test('an active token is answered as the message that protobuf-es creates', () => {
  const token = {
    ref,
    sessionId: 's1',
    scopes: ['read'],
    audiences: ['api'],
    confirmation: undefined,
    issuedAtMs: 1_700_000_000_123,
    expiresAtMs: 1_700_000_900_123,
    claims: { plan: 'gold' },
  };
  const validation: Validation = { verdict: 'ACTIVE', source: 'STORE', revision: 7, token };
  expect(fromValidation(validation)).toStrictEqual(
    create(ValidateResponseSchema, {
      active: true,
      verdict: 1,
      source: 2,
      revision: 7n,
      token: ref,
      sessionId: 's1',
      scopes: ['read'],
      audiences: ['api'],
      issueTime: timestampFromMs(token.issuedAtMs),
      expireTime: timestampFromMs(token.expiresAtMs),
      claims: { plan: 'gold' },
    }),
  );
});

test('so is a token that is not', () => {
  const validation: Validation = {
    verdict: 'REVOKED',
    revocationReason: 'ADMIN',
    source: 'STORE',
    revision: 8,
  };
  expect(fromValidation(validation)).toStrictEqual(
    create(ValidateResponseSchema, { verdict: 3, revocationReason: 5, source: 2, revision: 8n }),
  );
});

test('a time is the Timestamp that protobuf-es creates', () => {
  fc.assert(
    fc.property(fc.integer({ min: -(10 ** 13), max: 10 ** 13 }), (ms) => {
      expect(toTimestamp(ms)).toStrictEqual(timestampFromMs(ms));
    }),
  );
});
