import { RevocationReason } from '@signum/contract/signum/v1/token_pb.js';
import { Redis } from 'ioredis';
import { decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { FIELD } from '../../../src/store/scripts/fields.ts';
import { startAnother } from '../../requirements/another-server.ts';
import { KeyService, startTestServer, type TestServer, TokenService } from '../../setup/server.ts';
import { reasonOf } from '../../wire/failure.ts';
import { issued, newDevice, refreshed, verdictOf } from '../../wire/issued.ts';

let here: TestServer;
let there: TestServer;
beforeAll(async () => {
  // So long that the other server cannot learn of a revocation by polling while this test runs.
  here = await startTestServer({ SIGNUM_KEY_POLL: '5m' });
  there = await startAnother(here);
});
afterAll(async () => {
  await here?.close();
  await there?.close();
});

const keyIdOf = (token: string) => decodeProtectedHeader(token).kid;
const both = () => [here, there].map((server) => server.client(TokenService));

async function published(server: TestServer): Promise<readonly string[]> {
  const { jwksJson } = await server.client(KeyService, null).getJwks({});
  return JSON.parse(jwksJson).keys.map(({ kid }: { kid: string }) => kid);
}

test('when RevokeKey returns, no server accepts any token of the key, whoever issued it', async () => {
  const pairs = [];
  for (let i = 0; i < 20; i += 1) {
    for (const tokens of both()) pairs.push(await issued(tokens, newDevice()));
  }
  const keyId = keyIdOf(pairs[0]?.accessToken ?? '') ?? '';
  for (const { accessToken } of pairs) expect(keyIdOf(accessToken)).toBe(keyId);
  // Half of them without a fingerprint, so that both ways of recognising a token are tried.
  const redis = new Redis(here.redisUrl);
  for (const [index, key] of (await redis.keys('signum:*:active:*')).entries()) {
    if (index % 2 === 0) await redis.hdel(key, FIELD.fp);
  }
  redis.disconnect();

  const { key, partitions } = await here.client(KeyService).revokeKey({ keyId });
  expect(partitions).toBe(4);
  expect(key?.keyId).toBe(keyId);
  for (const tokens of both()) {
    for (const { accessToken } of pairs) {
      const { active, revocationReason } = await tokens.validate({
        subject: { case: 'token', value: accessToken },
      });
      expect(active).toBe(false);
      expect([RevocationReason.KEY, RevocationReason.UNSPECIFIED]).toContain(revocationReason);
    }
  }
  const asUser = there.client(TokenService, pairs[0]?.accessToken ?? '');
  const device = { tenantId: 'acme', userId: 'user-1', deviceId: 'device-1' };
  expect(await reasonOf(asUser.getSession({ device }))).toBe('CREDENTIAL_INVALID');
  expect(await published(here)).not.toContain(keyId);

  // Sessions live on: their refresh tokens were never under that key.
  for (const [index, tokens] of both().entries()) {
    const next = await refreshed(tokens, pairs[index]?.refreshToken ?? '');
    expect(keyIdOf(next.accessToken)).not.toBe(keyId);
    for (const each of both()) expect(await verdictOf(each, next.accessToken)).toBe('ACTIVE');
    const fresh = await issued(tokens, newDevice());
    expect(keyIdOf(fresh.accessToken)).not.toBe(keyId);
    for (const each of both()) expect(await verdictOf(each, fresh.accessToken)).toBe('ACTIVE');
  }
  expect(await published(there)).not.toContain(keyId);
});

test('a revoked key stays out after a restart', async () => {
  const tokens = here.client(TokenService);
  const pair = await issued(tokens, newDevice());
  const keyId = keyIdOf(pair.accessToken) ?? '';
  await here.client(KeyService).revokeKey({ keyId });
  const later = await startAnother(here);
  try {
    expect(await published(later)).not.toContain(keyId);
    expect(await verdictOf(later.client(TokenService), pair.accessToken)).not.toBe('ACTIVE');
    expect(await reasonOf(later.client(KeyService).revokeKey({ keyId: 'unknown' }))).toBe(
      'KEY_NOT_FOUND',
    );
    await later.client(KeyService).revokeKey({ keyId });
  } finally {
    await later.close();
  }
});

test('a server that polls drops a revoked key from its key set by itself', async () => {
  const { SIGNUM_KEY_POLL: _, ...env } = here.env;
  const quick = await startAnother({ ...here, env: { ...env, SIGNUM_KEY_POLL: '100ms' } });
  try {
    const keyId = keyIdOf((await issued(quick.client(TokenService), newDevice())).accessToken);
    await here.client(KeyService).revokeKey({ keyId: keyId ?? '' });
    await vi.waitFor(async () => expect(await published(quick)).not.toContain(keyId), {
      timeout: 10_000,
    });
  } finally {
    await quick.close();
  }
});
