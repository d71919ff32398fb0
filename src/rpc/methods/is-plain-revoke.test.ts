import { create } from '@bufbuild/protobuf';
import { RevocationReason } from '@signum/contract/signum/v1/token_pb.js';
import { RevokeRequestSchema } from '@signum/contract/signum/v1/token_service_pb.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCheckMessage } from '../check-message.ts';
import { isPlainRevoke } from './is-plain-revoke.ts';

const checkMessage = createCheckMessage();
const subject = { case: 'token', value: 'x'.repeat(600) } as const;
const device = { tenantId: 'acme', userId: 'u1', deviceId: 'phone' };
const isPlain = (init: Parameters<typeof create<typeof RevokeRequestSchema>>[1]) =>
  isPlainRevoke(create(RevokeRequestSchema, init));

test('a logout by a token of the usual length is plain', () => {
  expect(isPlain({ subject })).toBe(true);
  expect(isPlain({ subject, reason: RevocationReason.LOGOUT })).toBe(true);
});

test.each<[string, Parameters<typeof isPlain>[0]]>([
  ['nothing', {}],
  ['an empty token', { subject: { case: 'token', value: '' } }],
  ['a token that may be too long', { subject: { case: 'token', value: '\u20ac'.repeat(1_366) } }],
  ['a device', { subject: { case: 'device', value: device } }],
  ['a reason that only the service gives', { subject, reason: RevocationReason.SUPERSEDED }],
  ['a durability', { subject, durability: { replicas: 17 } }],
])('%s is not', (_what, init) => {
  expect(isPlain(init)).toBe(false);
});

test('nothing that is plain breaks a rule of the contract', () => {
  const token = fc
    .record({ unit: fc.constantFrom('x', 'ß', '\u20ac', '\ud800'), length: fc.nat({ max: 5_000 }) })
    .map(({ unit, length }) => unit.repeat(length));
  const reason = fc.integer({ min: -1, max: 8 });
  fc.assert(
    fc.property(token, reason, (value, why) => {
      const message = create(RevokeRequestSchema, {
        subject: { case: 'token', value },
        reason: why,
      });
      if (isPlainRevoke(message)) checkMessage(RevokeRequestSchema, message);
    }),
    { numRuns: 300 },
  );
});
