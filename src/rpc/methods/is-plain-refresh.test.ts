import { create } from '@bufbuild/protobuf';
import { RefreshRequestSchema } from '@signum/contract/signum/v1/token_service_pb.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCheckMessage } from '../check-message.ts';
import { isPlainRefresh } from './is-plain-refresh.ts';

const checkMessage = createCheckMessage();

test('a refresh token of the usual length is plain', () => {
  const refreshToken = 'x'.repeat(600);
  expect(isPlainRefresh(create(RefreshRequestSchema, { refreshToken }))).toBe(true);
});

test('none, and one that may be too long, is not', () => {
  expect(isPlainRefresh(create(RefreshRequestSchema))).toBe(false);
  const refreshToken = '\u20ac'.repeat(1_366);
  expect(isPlainRefresh(create(RefreshRequestSchema, { refreshToken }))).toBe(false);
});

test('nothing that is plain breaks a rule of the contract', () => {
  const nearTheBound = fc
    .record({ unit: fc.constantFrom('x', 'ß', '\u20ac', '\ud800'), length: fc.nat({ max: 5_000 }) })
    .map(({ unit, length }) => unit.repeat(length));
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), nearTheBound), (refreshToken) => {
      const message = create(RefreshRequestSchema, { refreshToken });
      if (isPlainRefresh(message)) checkMessage(RefreshRequestSchema, message);
    }),
    { numRuns: 300 },
  );
});
