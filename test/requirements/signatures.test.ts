import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import { expect, test } from 'vitest';
import {
  AUDIENCE,
  ISSUER,
  KeyService,
  startTestServer,
  type TestServer,
  TokenService,
} from '../setup/server.ts';
import { issued, newDevice, verdictOf } from '../wire/issued.ts';

async function withServer(
  env: Readonly<Record<string, string>>,
  use: (server: TestServer) => Promise<void>,
): Promise<void> {
  const server = await startTestServer(env);
  try {
    await use(server);
  } finally {
    await server.close();
  }
}

const expected = (algorithm: string) => ({
  issuer: ISSUER,
  audience: AUDIENCE,
  typ: 'at+jwt',
  algorithms: [algorithm],
  requiredClaims: ['sub', 'jti', 'iat', 'exp', 'sid', 'tid', 'did'],
});

test.each(['ES256', 'EdDSA', 'RS256', 'PS256'])(
  'R13 a token signed with %s verifies against the published keys',
  async (algorithm) => {
    await withServer({ SIGNUM_KEY_ALGORITHM: algorithm }, async (server) => {
      const { jwksJson } = await server.client(KeyService, null).getJwks({});
      const jwks = JSON.parse(jwksJson) as JSONWebKeySet;
      const device = newDevice();
      const tokens = server.client(TokenService);
      const { accessToken, tokenId } = await issued(tokens, device);
      const verified = await jwtVerify(accessToken, createLocalJWKSet(jwks), expected(algorithm));
      expect(verified.payload).toMatchObject({ jti: tokenId, sub: device.userId });
      expect(verified.protectedHeader.alg).toBe(algorithm);
      expect(await verdictOf(tokens, accessToken)).toBe('ACTIVE');
      for (const key of jwks.keys) {
        expect(Object.keys(key)).not.toEqual(expect.arrayContaining(['d']));
      }
    });
  },
);

test('R13 a token signed with HS256 verifies with the secret, which is published nowhere', async () => {
  const secret = randomBytes(32);
  const dir = mkdtempSync(join(tmpdir(), 'signum-test-keys-'));
  const file = join(dir, 'keys.json');
  const jwk = { kty: 'oct', kid: 'shared', alg: 'HS256', k: secret.toString('base64url') };
  writeFileSync(file, JSON.stringify({ keys: [jwk] }), { mode: 0o600 });
  try {
    await withServer({ SIGNUM_KEYS: 'files', SIGNUM_KEY_FILES: file }, async (server) => {
      const tokens = server.client(TokenService);
      const { accessToken } = await issued(tokens, newDevice());
      const { protectedHeader } = await jwtVerify(accessToken, secret, expected('HS256'));
      expect(protectedHeader).toEqual({ alg: 'HS256', kid: 'shared', typ: 'at+jwt' });
      expect(await verdictOf(tokens, accessToken)).toBe('ACTIVE');
      const { jwksJson } = await server.client(KeyService, null).getJwks({});
      expect(JSON.parse(jwksJson)).toEqual({ keys: [] });
    });
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('R13 a managed HS256 key signs and verifies too', async () => {
  await withServer({ SIGNUM_KEY_ALGORITHM: 'HS256' }, async (server) => {
    const tokens = server.client(TokenService);
    const { accessToken } = await issued(tokens, newDevice());
    expect(decodeProtectedHeader(accessToken).alg).toBe('HS256');
    expect(await verdictOf(tokens, accessToken)).toBe('ACTIVE');
    const [header, payload, signature = ''] = accessToken.split('.');
    const flipped = `${signature[0] === 'A' ? 'B' : 'A'}${signature.slice(1)}`;
    expect(await verdictOf(tokens, `${header}.${payload}.${flipped}`)).toBe('BAD_SIGNATURE');
  });
});
