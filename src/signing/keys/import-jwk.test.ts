import { generateKeyPairSync } from 'node:crypto';
import type { JWK } from 'jose';
import { describe, expect, test } from 'vitest';
import { generateJwk } from './generate-jwk.ts';
import { holdKey } from './hold-key.ts';
import { importJwk } from './import-jwk.ts';
import { LocalSigner } from './local-signer.ts';

const FROM = { from: 'test' };
const INVALID = { reason: 'INVALID_FIELD' };

test('the id of a key is its thumbprint (example of RFC 7638 section 3.1)', async () => {
  const n =
    '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECP' +
    'ebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY' +
    '368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0f' +
    'M4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw';
  const { keyId } = await importJwk({ kty: 'RSA', n, e: 'AQAB' }, FROM);
  expect(keyId).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
});

test('the thumbprint is the same for the private and the public key (RFC 8037 appendix A.3)', async () => {
  const x = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo';
  const d = 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A';
  const jwk = { kty: 'OKP', crv: 'Ed25519', x };
  const expected = 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k';
  expect((await importJwk(jwk, FROM)).keyId).toBe(expected);
  expect((await importJwk({ ...jwk, d }, FROM)).keyId).toBe(expected);
});

test('the id of an HMAC key is stable and no hash that others could compute', async () => {
  const jwk = { kty: 'oct', k: Buffer.alloc(32, 5).toString('base64url') };
  const { keyId } = await importJwk(jwk, FROM);
  expect((await importJwk(jwk, FROM)).keyId).toBe(keyId);
  expect(keyId).toMatch(/^[A-Za-z0-9_-]{22}$/);
});

describe('a key is refused if it', () => {
  const rsa = (modulusLength: number, publicExponent = 65537): JWK =>
    generateKeyPairSync('rsa', { modulusLength, publicExponent }).publicKey.export({
      format: 'jwk',
    }) as JWK;
  const oct = (bytes: number): string => Buffer.alloc(bytes, 1).toString('base64url');

  test.each<[string, JWK]>([
    ['is an RSA key under 2048 bits', rsa(1024)],
    [
      'is an RSA key over 4096 bits',
      { kty: 'RSA', n: Buffer.alloc(520, 0xff).toString('base64url'), e: 'AQAB' },
    ],
    ['has a tiny public exponent', rsa(2048, 3)],
    ['is an HMAC key shorter than its hash', { kty: 'oct', alg: 'HS512', k: oct(63) }],
    ['is an empty HMAC key', { kty: 'oct', k: '' }],
    ['is an HMAC key spelled oddly', { kty: 'oct', k: `${oct(32)}=` }],
    ['has an algorithm of another type', { kty: 'oct', alg: 'ES256', k: oct(32) }],
    ['has an algorithm unknown here', { kty: 'oct', alg: 'none', k: oct(32) }],
    ['may only encrypt', { kty: 'oct', key_ops: ['encrypt'], k: oct(32) }],
    ['may encrypt as well', { kty: 'oct', key_ops: ['sign', 'verify', 'encrypt'], k: oct(32) }],
    ['may do nothing', { kty: 'oct', key_ops: [], k: oct(32) }],
    ['may do a thing twice', { kty: 'oct', key_ops: ['sign', 'verify', 'sign'], k: oct(32) }],
    ['is a secret that may only sign', { kty: 'oct', key_ops: ['sign'], k: oct(32) }],
    [
      'has operations that are no list',
      { kty: 'oct', key_ops: 'sign' as unknown as string[], k: oct(32) },
    ],
    ['is meant for encryption', { kty: 'oct', use: 'enc', k: oct(32) }],
    ['has an odd id', { kty: 'oct', kid: '../key', k: oct(32) }],
    ['has an empty id', { kty: 'oct', kid: '', k: oct(32) }],
    ['is on another curve', { kty: 'OKP', crv: 'X25519', x: oct(32) }],
    ['is a point off its curve', { kty: 'EC', crv: 'P-256', x: oct(32), y: oct(32) }],
    ['lacks a part', { kty: 'RSA', e: 'AQAB' }],
    ['is of no known type', { kty: 'AKP', k: oct(32) }],
  ])('%s', async (_, jwk) => {
    await expect(importJwk(jwk, FROM)).rejects.toMatchObject(INVALID);
  });

  test('has a private part that belongs to another public part', async () => {
    for (const algorithm of ['ES256', 'EdDSA'] as const) {
      const mine = await generateJwk(algorithm);
      const other = (await generateJwk(algorithm)).d ?? '';
      const attempt = async () =>
        holdKey(await importJwk({ ...mine, d: other }, FROM), new LocalSigner(), 'test');
      await expect(attempt()).rejects.toMatchObject(INVALID);
    }
  });
});

test('a private key that may only verify does not sign', async () => {
  const jwk = await generateJwk('ES256');
  const verifies = await importJwk({ ...jwk, key_ops: ['verify'] }, FROM);
  expect(verifies.signingKey).toBeUndefined();
  for (const key_ops of [['sign'], ['sign', 'verify'], undefined]) {
    const signs = await importJwk(key_ops ? { ...jwk, key_ops } : jwk, FROM);
    expect(signs.signingKey).toBeDefined();
  }
});
