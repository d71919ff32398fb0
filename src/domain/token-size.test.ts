import { expect, test } from 'vitest';
import { checkTokenContent, MAX_TOKEN_CONTENT_BYTES, type TokenContent } from './token-size.ts';

const CONTENT: TokenContent = {
  device: { tenantId: 't', userId: 'u', deviceId: 'd' },
  scopes: [],
  audiences: ['api'],
  confirmation: undefined,
  claims: {},
};
/** Three quoted ids, `["api"]` and `{}`. */
const LEAST = 9 + 7 + 2;
const long = (bytes: number) => 'x'.repeat(bytes);

test('content is accepted up to the limit and not a byte past it', () => {
  const claims = (bytes: number) => ({ c: long(bytes - '{"c":""}'.length) });
  const room = MAX_TOKEN_CONTENT_BYTES - LEAST + '{}'.length;
  expect(() => checkTokenContent({ ...CONTENT, claims: claims(room) })).not.toThrow();
  expect(() => checkTokenContent({ ...CONTENT, claims: claims(room + 1) })).toThrow(
    expect.objectContaining({ reason: 'INVALID_FIELD' }),
  );
});

test.each<[string, Partial<TokenContent>]>([
  ['claims', { claims: { c: long(1_000) }, scopes: [long(128)], audiences: [long(900)] }],
  ['scopes', { scopes: Array.from({ length: 16 }, (_, i) => long(120) + i) }],
  ['audiences', { audiences: Array.from({ length: 8 }, (_, i) => long(250) + i) }],
  [
    'device',
    {
      device: { tenantId: '"'.repeat(256), userId: '\\'.repeat(256), deviceId: long(256) },
      claims: { c: long(700) },
    },
  ],
])('what takes up the most is named: %s', (field, change) => {
  expect(() => checkTokenContent({ ...CONTENT, ...change })).toThrow(
    expect.objectContaining({
      reason: 'INVALID_FIELD',
      metadata: expect.objectContaining({ field }),
    }),
  );
});

test('the longest ids and the most custom claims leave room for a scope and an audience', () => {
  const id = long(256);
  const device = { tenantId: id, userId: id, deviceId: id };
  const claims = { c: long(1_024 - '{"c":""}'.length) };
  expect(() =>
    checkTokenContent({
      device,
      claims,
      confirmation: undefined,
      scopes: ['read', 'write'],
      audiences: ['https://api.example'],
    }),
  ).not.toThrow();
});
