import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto';
import type { JSONWebKeySet, JWK } from 'jose';
import { describe, expect, test } from 'vitest';
import { MemoryRecords } from '../../../test/setup/memory-records.ts';
import {
  ACCESS_CLAIMS,
  type FixtureOptions,
  keyFiles,
  type SigningFixture,
  signingFixture,
} from '../../../test/setup/signing-fixture.ts';
import type { FileKeysConfig } from '../create-signing.ts';
import type { ExternalSigner } from '../keys/external-signer.ts';
import { generateJwk } from '../keys/generate-jwk.ts';

const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ED = generateKeyPairSync('ed25519');
const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pkcs8 = ({ privateKey }: { privateKey: KeyObject }) =>
  privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const spki = ({ publicKey }: { publicKey: KeyObject }) =>
  publicKey.export({ type: 'spki', format: 'pem' }).toString();
const publicPart = ({ kid, ...jwk }: JWK & { kid: string }): JWK => {
  const key = createPublicKey(createPrivateKey({ key: jwk, format: 'jwk' }));
  return { ...(key.export({ format: 'jwk' }) as JWK), kid };
};

function fromFiles(
  contents: readonly string[],
  config: Partial<FileKeysConfig> = {},
  options: FixtureOptions = {},
): Promise<SigningFixture> {
  return signingFixture({
    ...options,
    keys: { kind: 'files', paths: keyFiles(...contents), ...config },
  });
}

const summary = ({ ring }: SigningFixture) =>
  ring
    .list()
    .map(({ algorithm, state }) => `${algorithm} ${state}`)
    .toReversed();

async function accepts({ signing }: SigningFixture, token: string): Promise<boolean> {
  const unverified = signing.readAccess(token);
  return typeof unverified === 'object' && signing.verifyAccess(token, unverified);
}

test('the first key that can sign does, the others verify', async () => {
  const fixture = await fromFiles([spki(EC), pkcs8(ED), pkcs8(RSA)]);
  expect(summary(fixture)).toEqual(['ES256 retired', 'EdDSA signing', 'RS256 retired']);
});

test('several PEM keys may share a file', async () => {
  const fixture = await fromFiles([pkcs8(RSA) + pkcs8(EC)]);
  expect(summary(fixture)).toEqual(['RS256 signing', 'ES256 retired']);
});

test('the configured algorithm is taken where it fits the type of the key', async () => {
  const fixture = await fromFiles([pkcs8(RSA), pkcs8(EC)], { algorithm: 'PS256' });
  expect(summary(fixture)).toEqual(['PS256 signing', 'ES256 retired']);
});

test('a JWK set keeps its ids and algorithms, and public keys only verify', async () => {
  const verifying = await generateJwk('EdDSA');
  const keys = [
    { ...publicPart(verifying), kid: 'old', alg: 'Ed25519' },
    { ...(await generateJwk('RS256')), kid: 'mine', alg: 'PS256' },
    { ...(await generateJwk('HS512')), kid: 'shared' },
  ];
  const fixture = await fromFiles([JSON.stringify({ keys })]);
  expect(summary(fixture)).toEqual(['EdDSA retired', 'PS256 signing', 'HS512 retired']);
  expect(fixture.signing.currentKeyId()).toBe('mine');
  const { keys: published } = JSON.parse(fixture.ring.jwksJson()) as JSONWebKeySet;
  expect(published.map(({ kid, alg }) => `${kid} ${alg}`)).toEqual(['old EdDSA', 'mine PS256']);
  const ids = new Set(published.flatMap((jwk) => Object.keys(jwk)));
  expect([...ids].toSorted()).toEqual(['alg', 'crv', 'e', 'kid', 'kty', 'n', 'use', 'x']);
});

test('with public keys only, nothing starts', async () => {
  await expect(fromFiles([spki(EC)])).rejects.toMatchObject({ reason: 'INVALID_FIELD' });
});

test('a key held elsewhere signs through its signer', async () => {
  const jwk = await generateJwk('ES256');
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  const signer: ExternalSigner = {
    holds: (keyId) => keyId === jwk.kid,
    sign: async (input) => sign('sha256', input, { key, dsaEncoding: 'ieee-p1363' }),
  };
  const fixture = await fromFiles([JSON.stringify(publicPart(jwk))], { signer });
  const token = await fixture.signing.signAccess(ACCESS_CLAIMS, jwk.kid);
  expect(await accepts(fixture, token)).toBe(true);
});

test('what a signer answers in another form does not reach a client', async () => {
  const jwk = await generateJwk('ES256');
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  const signer: ExternalSigner = {
    holds: (keyId) => keyId === jwk.kid,
    sign: async (input) => sign('sha256', input, key),
  };
  const { signing } = await fromFiles([JSON.stringify(publicPart(jwk))], { signer });
  await expect(signing.signAccess(ACCESS_CLAIMS, jwk.kid)).rejects.toMatchObject({
    reason: 'INTERNAL',
  });
});

test('keys from files are not rotated here', async () => {
  const { ring } = await fromFiles([pkcs8(EC)]);
  await expect(ring.rotate()).rejects.toMatchObject({ reason: 'KEYS_NOT_MANAGED' });
});

describe('a revoked key from a file', () => {
  test('is refused by every server, and after a restart', async () => {
    const records = new MemoryRecords();
    const contents = [pkcs8(EC), pkcs8(ED)];
    const one = await fromFiles(contents, {}, { records });
    const two = await fromFiles(contents, {}, { records });
    const keyId = one.signing.currentKeyId();
    const token = await one.signing.signAccess(ACCESS_CLAIMS, keyId);
    const revokedAtMs = one.clock.nowMs;
    expect(await one.ring.revoke(keyId)).toMatchObject({
      state: 'revoked',
      retiresAtMs: revokedAtMs,
    });
    await two.ring.refresh();
    const three = await fromFiles(contents, {}, { records });
    for (const server of [one, two, three]) {
      expect(await accepts(server, token)).toBe(false);
      expect(summary(server)).toEqual(['ES256 revoked', 'EdDSA signing']);
      expect(server.ring.jwksJson()).not.toContain(keyId);
      const other = await server.signing.signAccess(ACCESS_CLAIMS, keyId);
      expect(server.signing.readAccess(other)).toMatchObject({ algorithm: 'EdDSA' });
    }
  });

  test('stays revoked when the store has lost the revocation', async () => {
    const fixture = await fromFiles([pkcs8(EC), pkcs8(ED)]);
    const keyId = fixture.signing.currentKeyId();
    await fixture.ring.revoke(keyId);
    const stored = [...fixture.records.documents];
    fixture.records.documents.clear();
    await fixture.ring.refresh();
    expect([...fixture.records.documents]).toEqual(stored);
    expect(fixture.ring.find(keyId)).toBeUndefined();
  });

  test('is not revoked if the store did not take it', async () => {
    const fixture = await fromFiles([pkcs8(EC)]);
    const keyId = fixture.signing.currentKeyId();
    fixture.records.failure = new Error('gone');
    await expect(fixture.ring.revoke(keyId)).rejects.toThrow('gone');
    expect(fixture.ring.find(keyId)).toBeDefined();
  });

  test('leaves nothing to sign with if it was the last', async () => {
    const fixture = await fromFiles([pkcs8(EC), spki(ED)]);
    const keyId = fixture.signing.currentKeyId();
    await fixture.ring.revoke(keyId);
    await expect(fixture.signing.signAccess(ACCESS_CLAIMS, keyId)).rejects.toMatchObject({
      reason: 'INTERNAL',
    });
  });

  test('must be in the files', async () => {
    const { ring } = await fromFiles([pkcs8(EC)]);
    await expect(ring.revoke('nobody')).rejects.toMatchObject({ reason: 'KEY_NOT_FOUND' });
  });
});

describe('a key file is refused if it', () => {
  const encrypted = EC.privateKey
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'hush' })
    .toString();
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 });

  test.each([
    ['is empty', ''],
    ['is no key', 'secret-looking words'],
    ['is damaged', pkcs8(EC).replace(/[A-Za-z0-9]{20}/, 'secretsecretsecret00')],
    ['is encrypted', encrypted],
    ['is on another curve', pkcs8(p384)],
    ['is of another type', pkcs8(pss)],
    ['holds an empty set', '{"keys":[]}'],
    ['holds something else', '{"keys":["secret"]}'],
    ['is cut-off JSON', '{"keys":[{"kty":"oct","k":"secret'],
    ['repeats a key', pkcs8(EC) + pkcs8(EC)],
  ])('%s, without quoting it', async (_, content) => {
    const failure = await fromFiles([content]).catch((error: unknown) => error);
    expect(failure).toMatchObject({ reason: 'INVALID_FIELD' });
    expect(String(failure)).not.toContain('secret');
    expect((failure as Error).cause).toBeUndefined();
  });

  test('cannot be read', async () => {
    await expect(
      signingFixture({ keys: { kind: 'files', paths: ['/nonexistent/key.pem'] } }),
    ).rejects.toMatchObject({ reason: 'INVALID_FIELD' });
  });
});
