import { AccessReader, ALGORITHMS, splitCompact, verifySignature } from '@signum/token';
import { expect, test } from 'vitest';
import { fromBase64Url, RFC_VECTORS, verifyKey, wycheproof } from './vectors.ts';

test.each(ALGORITHMS)('%s verifies what Wycheproof calls valid and nothing else', async (name) => {
  const wrong: string[] = [];
  let checked = 0;
  for (const { jwk, tests } of wycheproof(name)) {
    const key = await verifyKey(jwk);
    for (const [id, comment, message, signature, result] of tests) {
      checked += 1;
      const good = verifySignature(key, fromBase64Url(message), fromBase64Url(signature));
      if (result !== 'acceptable' && good !== (result === 'valid')) wrong.push(`${id} ${comment}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(checked).toBeGreaterThan(80);
});

test.each(RFC_VECTORS.filter(({ jwk }) => jwk !== undefined))(
  '$name: the signature is verified, and refused once anything is altered',
  async ({ jws, jwk = {} }) => {
    const key = await verifyKey(jwk);
    const { header = '', payload = '', signature = '' } = splitCompact(jws) ?? {};
    const input = Buffer.from(`${header}.${payload}`);
    const bytes = fromBase64Url(signature);
    expect(verifySignature(key, input, bytes)).toBe(true);
    for (const at of [0, 1, bytes.length - 1]) {
      const altered = Buffer.from(bytes);
      altered[at] = (altered[at] ?? 0) ^ 0x10;
      expect(verifySignature(key, input, altered)).toBe(false);
    }
    expect(verifySignature(key, Buffer.from(`${header}.${payload}A`), bytes)).toBe(false);
  },
);

test.each(RFC_VECTORS)('$name: no access token of ours, however well signed', ({ jws }) => {
  expect(new AccessReader('joe').read(jws)).toBe('MALFORMED');
});
