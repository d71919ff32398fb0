import type { AccessClaims, ConfirmationMethod, JsonObject } from '@signum/token';
import {
  ALGORITHMS,
  type Algorithm,
  headerSegment,
  isClientId,
  isId,
  RESERVED_CLAIMS,
} from '@signum/token';
import fc from 'fast-check';
import {
  createLocalJWKSet,
  importJWK,
  type JSONWebKeySet,
  type JWK,
  jwtVerify,
  SignJWT,
} from 'jose';
import { describe, expect, test } from 'vitest';
import {
  ACCESS_CLAIMS,
  ISSUER,
  keyFiles,
  signingFixture,
} from '../../../test/setup/signing-fixture.ts';
import { checkTokenContent } from '../../domain/token-size.ts';
import { generateJwk } from '../keys/generate-jwk.ts';
import { signAccess } from './access-tokens.ts';

async function withKey(algorithm: Algorithm) {
  const jwk: JWK = await generateJwk(algorithm);
  const paths = keyFiles(JSON.stringify({ keys: [jwk] }));
  const fixture = await signingFixture({ keys: { kind: 'files', paths } });
  return { ...fixture, jwk, keyId: jwk.kid ?? '' };
}

const CHECKS = {
  issuer: ISSUER,
  audience: 'api',
  typ: 'at+jwt',
  currentDate: new Date(1_700_000_100_000),
};

describe.each(ALGORITHMS)('with %s', (algorithm) => {
  test('a token signed here is verified by jose', async () => {
    const { signing, ring, jwk, keyId } = await withKey(algorithm);
    const token = await signing.signAccess(ACCESS_CLAIMS, keyId);
    const { payload, protectedHeader } = algorithm.startsWith('HS')
      ? await jwtVerify(token, await importJWK(jwk), CHECKS)
      : await jwtVerify(
          token,
          createLocalJWKSet(JSON.parse(ring.jwksJson()) as JSONWebKeySet),
          CHECKS,
        );
    expect(JSON.stringify(protectedHeader)).toBe(
      JSON.stringify({ alg: algorithm, typ: 'at+jwt', kid: keyId }),
    );
    expect(JSON.stringify(payload)).toBe(
      JSON.stringify({
        iss: ISSUER,
        aud: 'api',
        sub: 'ada',
        tid: 'acme',
        did: 'phone 📱',
        sid: ACCESS_CLAIMS.sessionId,
        jti: ACCESS_CLAIMS.tokenId,
        iat: 1_700_000_000,
        exp: 1_700_000_900,
        scope: 'read write',
        client_id: 'auth-service',
        plan: 'gold',
      }),
    );
  });

  test('a token signed by jose is verified here', async () => {
    const { signing, jwk, keyId } = await withKey(algorithm);
    const ours = await signing.signAccess(ACCESS_CLAIMS, keyId);
    const payload = JSON.parse(Buffer.from(ours.split('.')[1] ?? '', 'base64url').toString());
    const token = await new SignJWT(payload)
      .setProtectedHeader({ alg: algorithm, typ: 'at+jwt', kid: keyId })
      .sign(await importJWK(jwk));
    const unverified = signing.readAccess(token);
    if (typeof unverified === 'string') throw new Error(unverified);
    expect(unverified.claims).toEqual(ACCESS_CLAIMS);
    expect(await signing.verifyAccess(token, unverified)).toBe(true);
    expect(token.split('.').slice(0, 2)).toEqual(ours.split('.').slice(0, 2));
  });
});

const id = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter(isId);
const name = fc
  .string({ unit: 'grapheme-ascii', minLength: 1 })
  .filter((text) => !text.includes(' '));
const word = name.filter((text) => /^[^"\\]{1,256}$/.test(text));
const claims: fc.Arbitrary<AccessClaims> = fc.record({
  device: fc.record({ tenantId: id, userId: id, deviceId: id }),
  sessionId: fc.uuid(),
  tokenId: fc.uuid(),
  issuedAtS: fc.maxSafeNat(),
  expiresAtS: fc.maxSafeNat(),
  scopes: fc.array(name, { maxLength: 5 }),
  audiences: fc.array(name, { minLength: 1, maxLength: 3 }),
  claims: fc
    .dictionary(
      fc.oneof(fc.constantFrom('__proto__', 'constructor', 'toJSON', '7', ''), fc.string()),
      fc.jsonValue({ maxDepth: 2 }),
      { maxKeys: 4 },
    )
    .filter((custom) => Object.keys(custom).every((key) => !RESERVED_CLAIMS.has(key)))
    .map((custom) => JSON.parse(JSON.stringify(custom)) as JsonObject)
    .filter((custom) => JSON.stringify(custom).length < 1024),
  clientId: fc.option(
    fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 256 }).filter(isClientId),
    { nil: undefined },
  ),
  confirmation: fc.option(
    fc.record({
      method: fc.constantFrom<ConfirmationMethod[]>('jkt', 'x5t#S256'),
      thumbprint: fc
        .uint8Array({ minLength: 32, maxLength: 32 })
        .map((bytes) => Buffer.from(bytes).toString('base64url')),
    }),
    { nil: undefined },
  ),
  authTime: fc.option(fc.maxSafeNat(), { nil: undefined }),
  acr: fc.option(word, { nil: undefined }),
  amr: fc.option(fc.array(word, { minLength: 1, maxLength: 3 }), { nil: undefined }),
});

test('whatever may be signed reads back the same', async () => {
  const { signing, keyId } = await withKey('HS256');
  await fc.assert(
    fc.asyncProperty(claims, async (input) => {
      const token = await signing.signAccess(input, keyId);
      const unverified = signing.readAccess(token);
      // As text, which shows members named __proto__ and tells -0 from 0.
      expect(JSON.stringify(unverified)).toBe(
        JSON.stringify({ claims: input, keyId, algorithm: 'HS256' }),
      );
      expect(
        typeof unverified === 'object' && (await signing.verifyAccess(token, unverified)),
      ).toBe(true);
    }),
  );
});

test.each([
  ['no audience', { audiences: [] }],
  ['a reserved custom claim', { claims: { sub: 'eve' } }],
  ['half a surrogate pair', { claims: { plan: '\ud800' } }],
  ['more than a token can hold', { claims: { plan: 'x'.repeat(4096) } }],
])('a token with %s is not signed', async (_, change) => {
  const { signing, keyId } = await withKey('ES256');
  await expect(signing.signAccess({ ...ACCESS_CLAIMS, ...change }, keyId)).rejects.toMatchObject({
    reason: 'INVALID_FIELD',
  });
});

test('the claim scope is left out when there is none, and several audiences are a list', async () => {
  const { signing, keyId } = await withKey('HS256');
  const token = await signing.signAccess(
    { ...ACCESS_CLAIMS, scopes: [], audiences: ['a', 'b'] },
    keyId,
  );
  const payload = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  expect(payload).not.toHaveProperty('scope');
  expect(payload.aud).toEqual(['a', 'b']);
});

test('whatever Issue lets through fits into a token of the key with the longest id and signature', async () => {
  const keyId = 'k'.repeat(128);
  const signer = { holds: () => true, sign: () => new Uint8Array(512) };
  const id = '"'.repeat(256);
  const device = { tenantId: id, userId: id, deviceId: 'd' };
  const rest = {
    ...{ device, scopes: ['s'], audiences: ['api', 'b'], clientId: 'c', acr: 'a', amr: ['m'] },
    confirmation: { method: 'x5t#S256' as const, thumbprint: 'A'.repeat(43) },
    authTime: Number.MAX_SAFE_INTEGER,
  };
  const fits = (bytes: number) => {
    try {
      checkTokenContent({ ...rest, claims: { c: 'x'.repeat(bytes) } });
      return true;
    } catch {
      return false;
    }
  };
  const most = Array.from({ length: 2_048 }, (_, bytes) => bytes).findLast(fits) ?? 0;
  expect(most).toBeGreaterThan(750);
  const claims = {
    ...ACCESS_CLAIMS,
    ...rest,
    issuedAtS: Number.MAX_SAFE_INTEGER,
    expiresAtS: Number.MAX_SAFE_INTEGER,
    claims: { c: 'x'.repeat(most) },
  };
  const key = {
    keyId,
    algorithm: 'RS256',
    signatureBytes: 512,
    signer,
    header: headerSegment('RS256', 'at+jwt', keyId),
  } as const;
  const token = await signAccess(claims, `https://${'i'.repeat(248)}`, key);
  expect(token.length).toBeLessThanOrEqual(4_096);
});
