import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { Redis } from 'ioredis';
import { decodeProtectedHeader } from 'jose';
import { expect, test, vi } from 'vitest';
import { RootSecret } from '../../../src/domain/root-secret.ts';
import { RING_DOCUMENT, readRing } from '../../../src/signing/vault/ring-document.ts';
import { FIELD } from '../../../src/store/scripts/fields.ts';
import {
  CallerService,
  startTestServer,
  type TestServer,
  TokenService,
} from '../../setup/server.ts';
import { newSecret } from '../../setup/signing-fixture.ts';
import { reasonOf } from '../../wire/failure.ts';
import { issued, newDevice, refreshed, verdictOf } from '../../wire/issued.ts';

const SHORT = { SIGNUM_CALLER_REFRESH: '100ms', SIGNUM_KEY_POLL: '100ms' };

/** The server again, on the same Redis, with these root secrets. */
async function restart(server: TestServer, secrets: string): Promise<TestServer> {
  const { SIGNUM_TLS_CERT_FILE: _, SIGNUM_TLS_KEY_FILE: __, ...env } = server.env;
  await server.close();
  return startTestServer({ ...env, SIGNUM_SECRET: secrets });
}

/** Makes the next validation check the signature: without the fingerprint it has to. */
async function forgetFingerprints(url: string): Promise<void> {
  const redis = new Redis(url);
  for (const key of await redis.keys('signum:*:active:*')) await redis.hdel(key, FIELD.fp);
  redis.disconnect();
}

async function sealedKeys(url: string): Promise<readonly { sealed: string; keyId: string }[]> {
  const redis = new Redis(url);
  const text = await redis.hget('signum:keys', RING_DOCUMENT);
  redis.disconnect();
  return readRing(text ?? undefined).map(({ keyId, sealed = '' }) => ({ keyId, sealed }));
}

test('a root secret is replaced by restarts alone: keys, tokens, refreshes and API keys live on', async () => {
  const [oldSecret, newerSecret] = [newSecret(), newSecret()];
  const [oldId, newId] = [oldSecret, newerSecret].map((text) => new RootSecret(text).id);
  let server = await startTestServer({ ...SHORT, SIGNUM_SECRET: oldSecret });
  try {
    const { apiKey } = await server.client(CallerService).createCaller({
      name: 'auth',
      permissions: [Permission.ISSUE, Permission.VALIDATE, Permission.REFRESH],
      tenants: ['*'],
    });
    const before = await issued(server.client(TokenService, apiKey), newDevice());
    const idle = await issued(server.client(TokenService, apiKey), newDevice());
    const [stored] = await sealedKeys(server.redisUrl);
    expect(decodeProtectedHeader(stored?.sealed ?? '')).toEqual({
      alg: 'dir',
      enc: 'A256GCM',
      kid: oldId,
    });

    // The new secret first, the old one still there: everything old is good, everything new is new.
    server = await restart(server, `${newerSecret},${oldSecret}`);
    await forgetFingerprints(server.redisUrl);
    let auth = server.client(TokenService, apiKey);
    expect(await verdictOf(auth, before.accessToken)).toBe('ACTIVE');
    const after = await refreshed(auth, before.refreshToken);
    expect(decodeProtectedHeader(after.refreshToken).kid).toBe(newId);
    const [resealed] = await sealedKeys(server.redisUrl);
    expect(resealed?.keyId).toBe(stored?.keyId);
    expect(decodeProtectedHeader(resealed?.sealed ?? '').kid).toBe(newId);
    const redis = new Redis(server.redisUrl);
    await vi.waitFor(async () => {
      expect(await redis.hget('signum:callers', 'auth')).toContain(newId);
    });
    redis.disconnect();

    // The old secret gone: only the refresh token that nobody has used since is lost with it.
    server = await restart(server, newerSecret);
    await forgetFingerprints(server.redisUrl);
    auth = server.client(TokenService, apiKey);
    expect(await verdictOf(auth, after.accessToken)).toBe('ACTIVE');
    expect(await verdictOf(auth, idle.accessToken)).toBe('ACTIVE');
    await refreshed(auth, after.refreshToken);
    expect(await reasonOf(auth.refresh({ refreshToken: idle.refreshToken }))).toBe('TOKEN_INVALID');
  } finally {
    await server.close();
  }
});
