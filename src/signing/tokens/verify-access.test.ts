import { createHmac, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { ALGORITHMS, type Algorithm } from '@signum/token';
import type { JWK } from 'jose';
import { expect, test } from 'vitest';
import {
  ACCESS_CLAIMS,
  keyFiles,
  type SigningFixture,
  signingFixture,
} from '../../../test/setup/signing-fixture.ts';
import { generateJwk } from '../keys/generate-jwk.ts';

/** All seven keys in one ring. */
async function fullRing() {
  const jwks: JWK[] = await Promise.all(ALGORITHMS.map((algorithm) => generateJwk(algorithm)));
  const paths = keyFiles(JSON.stringify({ keys: jwks }));
  const fixture = await signingFixture({ keys: { kind: 'files', paths } });
  const jwkOf = (algorithm: Algorithm): JWK => jwks.find(({ alg }) => alg === algorithm) ?? {};
  const sample = (algorithm: Algorithm) =>
    fixture.signing.signAccess(ACCESS_CLAIMS, jwkOf(algorithm).kid ?? '');
  return { ...fixture, jwkOf, sample };
}

async function verify(
  { signing }: Pick<SigningFixture, 'signing'>,
  token: string,
): Promise<boolean | string> {
  const unverified = signing.readAccess(token);
  return typeof unverified === 'string' ? unverified : signing.verifyAccess(token, unverified);
}

function withSignature(token: string, signature: Uint8Array): string {
  return token.slice(0, token.lastIndexOf('.') + 1) + Buffer.from(signature).toString('base64url');
}

function signatureOf(token: string): Buffer {
  return Buffer.from(token.slice(token.lastIndexOf('.') + 1), 'base64url');
}

test('a token is good under its own key, and under no other', async () => {
  const ring = await fullRing();
  for (const algorithm of ALGORITHMS) {
    const token = await ring.sample(algorithm);
    expect(await verify(ring, token)).toBe(true);
    for (const other of ALGORITHMS) {
      if (other === algorithm) continue;
      const [header] = (await ring.sample(other)).split('.');
      expect(await verify(ring, [header, ...token.split('.').slice(1)].join('.'))).toBe(false);
    }
  }
});

test('a public key is not taken for an HMAC secret', async () => {
  const ring = await fullRing();
  for (const algorithm of ['RS256', 'PS256', 'ES256', 'EdDSA'] as const) {
    const jwk = ring.jwkOf(algorithm);
    const key: KeyObject = createPublicKey(createPrivateKey({ key: jwk, format: 'jwk' }));
    const secrets = [
      key.export({ format: 'pem', type: 'spki' }),
      key.export({ format: 'der', type: 'spki' }),
      JSON.stringify(key.export({ format: 'jwk' })),
      Buffer.from(jwk.n ?? jwk.x ?? '', 'base64url'),
      '',
    ];
    for (const [alg, hash] of [
      ['HS256', 'sha256'],
      ['HS384', 'sha384'],
      ['HS512', 'sha512'],
    ] as const) {
      for (const secret of secrets) {
        const header = JSON.stringify({ alg, typ: 'at+jwt', kid: jwk.kid });
        const payload = (await ring.sample(algorithm)).split('.')[1];
        const input = `${Buffer.from(header).toString('base64url')}.${payload}`;
        const forged = `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`;
        expect(await verify(ring, forged)).toBe(false);
      }
    }
  }
});

test('RSA padding schemes are not interchangeable under one key', async () => {
  const ring = await fullRing();
  const jwk = ring.jwkOf('RS256');
  const token = await ring.sample('RS256');
  const header = JSON.stringify({ alg: 'PS256', typ: 'at+jwt', kid: jwk.kid });
  const input = `${Buffer.from(header).toString('base64url')}.${token.split('.')[1]}`;
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  const forged = sign('sha256', Buffer.from(input), { key, padding: 6, saltLength: 32 });
  expect(await verify(ring, `${input}.${forged.toString('base64url')}`)).toBe(false);
});

test('signatures of zeros, of ones, cut, lengthened or altered are refused', async () => {
  const ring = await fullRing();
  for (const algorithm of ALGORITHMS) {
    const token = await ring.sample(algorithm);
    const signature = signatureOf(token);
    const altered = Buffer.from(signature);
    altered[10] = (altered[10] ?? 0) ^ 1;
    const bad = [
      Buffer.alloc(signature.length),
      Buffer.alloc(signature.length, 0xff),
      signature.subarray(1),
      signature.subarray(0, -1),
      Buffer.concat([signature, Buffer.alloc(1)]),
      Buffer.concat([Buffer.alloc(1), signature]),
      Buffer.concat([signature, signature]),
      Buffer.alloc(1),
      altered,
    ];
    for (const candidate of bad)
      expect(await verify(ring, withSignature(token, candidate))).toBe(false);
    expect(await verify(ring, withSignature(token, Buffer.alloc(0)))).toBe('MALFORMED');
  }
});

test('an ECDSA signature in DER is refused', async () => {
  const ring = await fullRing();
  const token = await ring.sample('ES256');
  const key = createPrivateKey({ key: ring.jwkOf('ES256'), format: 'jwk' });
  const der = sign('sha256', Buffer.from(token.slice(0, token.lastIndexOf('.'))), key);
  expect(await verify(ring, withSignature(token, der))).toBe(false);
});

test('the twin of an ECDSA signature is as good, and spells the same token id', async () => {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const ring = await fullRing();
  const token = await ring.sample('ES256');
  const signature = signatureOf(token);
  const s = BigInt(`0x${signature.toString('hex', 32)}`);
  const twin = Buffer.from((order - s).toString(16).padStart(64, '0'), 'hex');
  const other = withSignature(token, Buffer.concat([signature.subarray(0, 32), twin]));
  expect(other).not.toBe(token);
  expect(await verify(ring, other)).toBe(true);
  expect(ring.signing.readAccess(other)).toEqual(ring.signing.readAccess(token));
});

test('an altered payload is refused', async () => {
  const ring = await fullRing();
  const [header, payload = '', signature] = (await ring.sample('EdDSA')).split('.');
  const text = Buffer.from(payload, 'base64url').toString().replace('"ada"', '"eve"');
  const forged = [header, Buffer.from(text).toString('base64url'), signature].join('.');
  expect(await verify(ring, forged)).toBe(false);
});

test('a key id named like a part of an object is merely unknown', async () => {
  const { signing } = await signingFixture();
  const unverified = { claims: ACCESS_CLAIMS, algorithm: 'ES256' };
  for (const keyId of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'size']) {
    expect(await signing.verifyAccess('a.b.AAAA', { ...unverified, keyId })).toBe(false);
  }
});

test('a token of a key that shares only the id is refused', async () => {
  const ours = await signingFixture();
  const impostor: JWK = { ...(await generateJwk('ES256')), kid: ours.signing.currentKeyId() };
  const paths = keyFiles(JSON.stringify(impostor));
  const theirs = await signingFixture({ keys: { kind: 'files', paths } });
  const token = await theirs.signing.signAccess(ACCESS_CLAIMS, ours.signing.currentKeyId());
  expect(await verify(theirs, token)).toBe(true);
  expect(await verify(ours, token)).toBe(false);
});
