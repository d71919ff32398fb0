import { randomUUID } from 'node:crypto';
import type { TokenPair } from '@signum/contract/signum/v1/token_pb.js';
import { Verdict } from '@signum/contract/signum/v1/token_service_pb.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KeyService, startTestServer, type TestServer, TokenService } from '../setup/server.ts';
import { failureOf, reasonOf } from '../wire/failure.ts';
import { issued, newDevice, refreshed, type Tokens, verdictOf } from '../wire/issued.ts';
import { startAnother } from './another-server.ts';
import { type RestartableRedis, startRestartableRedis } from './redis-to-restart.ts';
import { openStored } from './stored.ts';

let redis: RestartableRedis;
let server: TestServer;
let tokens: Tokens;

beforeAll(async () => {
  redis = await startRestartableRedis();
  server = await startTestServer({ SIGNUM_REDIS_URL: redis.url });
  tokens = server.client(TokenService);
});
afterAll(async () => {
  await server.close();
  await redis.remove();
});

/** Tokens that came to their end in every way there is, and one that did not. */
async function endedTokens(): Promise<{ ended: TokenPair[]; alive: TokenPair }> {
  const byToken = await issued(tokens, newDevice());
  await tokens.revoke({ subject: { case: 'token', value: byToken.accessToken } });
  const device = newDevice();
  const superseded = await issued(tokens, device);
  const rotated = await issued(tokens, device);
  const alive = await refreshed(tokens, rotated.refreshToken);
  const ofTenant = await issued(tokens, newDevice({ tenantId: 'closed' }));
  await tokens.revokeTenant({ tenantId: 'closed' });
  const user = newDevice();
  const ofUser = await issued(tokens, user);
  await tokens.revokeUser(user);
  return { ended: [byToken, superseded, rotated, ofTenant, ofUser], alive };
}

async function verdictOrReason(each: Tokens, { accessToken }: TokenPair): Promise<string> {
  return verdictOf(each, accessToken).catch(async (error) => {
    return (await failureOf(Promise.reject(error))).code;
  });
}

describe('R15 a revoked token can never be used again', () => {
  test('R15 not after all servers have been restarted', async () => {
    const { ended, alive } = await endedTokens();
    const restarted = await startAnother(server);
    const after = restarted.client(TokenService);
    for (const { accessToken } of ended)
      expect(await verdictOf(after, accessToken)).not.toBe('ACTIVE');
    expect(await verdictOf(after, alive.accessToken)).toBe('ACTIVE');
    await restarted.close();
  });

  test.each(['stop', 'kill'] as const)(
    'R15 not while Redis is away, and not when it is back after a %s',
    async (end) => {
      const { ended, alive } = await endedTokens();
      await redis[end]();
      for (const pair of [...ended, alive]) {
        expect(await verdictOrReason(tokens, pair)).toBe('Unavailable');
      }
      await redis.start();
      const back = () => verdictOrReason(tokens, alive);
      await expect.poll(back, { timeout: 20_000, interval: 100 }).toBe('ACTIVE');
      for (const { accessToken, refreshToken } of ended) {
        expect(['REVOKED', 'SUPERSEDED']).toContain(await verdictOf(tokens, accessToken));
        if (accessToken !== ended[2]?.accessToken) {
          expect(await reasonOf(tokens.refresh({ refreshToken }))).toBe('SESSION_REVOKED');
        }
      }
    },
    60_000,
  );

  test('R15 not when the entry in the revoked table is lost', async () => {
    const stored = openStored(server);
    const device = newDevice();
    const { accessToken, refreshToken, tokenId } = await issued(tokens, device);
    await tokens.revoke({ subject: { case: 'device', value: device } });
    const { revokedIds } = await stored.user(device);
    expect(revokedIds).toContain(tokenId);
    const { prefix } = stored.placeOf(device).partition;
    await stored.redis.del(...revokedIds.map((id) => `${prefix}revoked:${id}`));
    stored.close();
    expect(await verdictOf(tokens, accessToken)).toBe('UNKNOWN');
    expect(await reasonOf(tokens.refresh({ refreshToken }))).toBe('SESSION_NOT_FOUND');
  });

  test('R15 not when the Issue that made it is sent again', async () => {
    const device = newDevice();
    const requestId = randomUUID();
    const { accessToken } = await issued(tokens, device, { requestId });
    await tokens.revoke({ subject: { case: 'token', value: accessToken } });
    expect(await reasonOf(tokens.issue({ device, requestId }))).toBe('SESSION_REVOKED');
    expect(await verdictOf(tokens, accessToken)).toBe('REVOKED');
  });

  test('R15 not when the refresh that made it is sent again within the grace window', async () => {
    const { refreshToken } = await issued(tokens, newDevice());
    const next = await refreshed(tokens, refreshToken);
    await tokens.revoke({ subject: { case: 'token', value: next.accessToken } });
    expect(await reasonOf(tokens.refresh({ refreshToken }))).toBe('SESSION_REVOKED');
    expect(await verdictOf(tokens, next.accessToken)).toBe('REVOKED');
  });

  test('R15 not by a later session on the same device', async () => {
    const device = newDevice();
    const { accessToken } = await issued(tokens, device);
    await tokens.revoke({ subject: { case: 'token', value: accessToken } });
    await issued(tokens, device);
    expect(await verdictOf(tokens, accessToken)).toBe('REVOKED');
  });

  // Last: it takes the signing key away from the tokens of all tests before.
  test('R15 not when its key was revoked, after a restart either', async () => {
    const keys = server.client(KeyService);
    const { accessToken, refreshToken } = await issued(tokens, newDevice());
    const signing = (await keys.listKeys({})).keys.find(({ state }) => state === 2);
    await keys.revokeKey({ keyId: signing?.keyId ?? '' });
    const restarted = await startAnother(server);
    for (const each of [tokens, restarted.client(TokenService)]) {
      const answer = await each.validate({ subject: { case: 'token', value: accessToken } });
      expect(answer.active).toBe(false);
      expect([Verdict.REVOKED, Verdict.BAD_SIGNATURE]).toContain(answer.verdict);
    }
    // The session was not the key's: it goes on under another one.
    const next = await refreshed(tokens, refreshToken);
    expect(await verdictOf(restarted.client(TokenService), next.accessToken)).toBe('ACTIVE');
    await restarted.close();
  });
});
