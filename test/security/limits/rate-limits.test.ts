import { setTimeout as delay } from 'node:timers/promises';
import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, test } from 'vitest';
import { startAnother } from '../../requirements/another-server.ts';
import {
  CallerService,
  startTestServer,
  type TestServer,
  TokenService,
} from '../../setup/server.ts';
import { failureOf, reasonOf } from '../../wire/failure.ts';
import { issued, newDevice, pairOf, refreshed, verdictOf } from '../../wire/issued.ts';

const servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function start(env: Readonly<Record<string, string>>) {
  const server = await startTestServer(env);
  servers.push(server);
  return { server, tokens: server.client(TokenService) };
}

/** So slow that no test lives to see the next call let through. */
const SLOW_USER = { SIGNUM_RATE_USER: '1/h:3', SIGNUM_RATE_CALLER: '0' };
const SLOW_CALLER = { SIGNUM_RATE_USER: '0', SIGNUM_RATE_CALLER: '1/h:3' };

const HOUR_MS = 3_600_000;

describe('the rate of a user', () => {
  test('counts Issue and Refresh together, and tells when one will be let through', async () => {
    const { tokens } = await start(SLOW_USER);
    const device = newDevice();
    const first = await issued(tokens, device);
    const second = await refreshed(tokens, first.refreshToken);
    const third = await refreshed(tokens, second.refreshToken);
    const calls = [
      tokens.issue({ device }),
      tokens.refresh({ refreshToken: third.refreshToken }),
      tokens.issue({ device: newDevice({ userId: device.userId }) }),
    ];
    for (const call of calls) {
      const failure = await failureOf(call);
      expect(failure).toMatchObject({
        code: 'ResourceExhausted',
        reason: 'RATE_LIMITED',
        metadata: { limit: 'user' },
      });
      // Three at once have used up what accrues in three hours: one hour's worth must come back.
      expect(failure.retryAfterMs).toBeGreaterThan(0);
      expect(failure.retryAfterMs).toBeLessThanOrEqual(HOUR_MS);
    }
  });

  test('is of one user of one tenant', async () => {
    const { tokens } = await start(SLOW_USER);
    const device = newDevice();
    for (let i = 0; i < 3; i++) await issued(tokens, device);
    expect(await reasonOf(tokens.issue({ device }))).toBe('RATE_LIMITED');
    await issued(tokens, { ...device, tenantId: 'globex' });
    await issued(tokens, { ...device, userId: `${device.userId}x` });
    await issued(tokens, { ...device, tenantId: 'ac', userId: `me${device.userId}` });
  });

  test('costs a refused client nothing: its token is good once the time has come', async () => {
    const { tokens } = await start({ SIGNUM_RATE_USER: '2/s:2', SIGNUM_REFRESH_GRACE: '0' });
    const device = newDevice();
    let pair = await issued(tokens, device);
    let refused = 0;
    while (refused < 3) {
      const { refreshToken } = pair;
      const call = tokens.refresh({ refreshToken });
      const answer = await call.catch(() => undefined);
      if (answer === undefined) {
        refused += 1;
        const { reason, retryAfterMs = Number.NaN } = await failureOf(call);
        expect(reason).toBe('RATE_LIMITED');
        expect(retryAfterMs).toBeLessThanOrEqual(500);
        await delay(retryAfterMs);
        // Nobody else asks for this user: after the time told, the call must go through.
        pair = await refreshed(tokens, refreshToken);
      } else {
        pair = pairOf(answer);
      }
    }
  });

  test('is shared by all servers', async () => {
    const { server, tokens } = await start(SLOW_USER);
    const other = await startAnother(server);
    servers.push(other);
    const there = other.client(TokenService);
    const device = newDevice();
    const first = await issued(tokens, device);
    const second = await refreshed(there, first.refreshToken);
    await refreshed(tokens, second.refreshToken);
    for (const each of [tokens, there]) {
      expect(await reasonOf(each.issue({ device }))).toBe('RATE_LIMITED');
    }
  });

  test('holds against calls that come at once', async () => {
    const { tokens } = await start(SLOW_USER);
    const { userId } = newDevice();
    const calls = Array.from({ length: 24 }, () => tokens.issue({ device: newDevice({ userId }) }));
    const settled = await Promise.allSettled(calls);
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  });

  test('is not used up by tokens that lead to nothing: a thief locks nobody out', async () => {
    const { tokens } = await start({ ...SLOW_USER, SIGNUM_REFRESH_GRACE: '0' });
    const user = newDevice({ tenantId: 'robbed' });
    const device = (deviceId: string) => ({ ...user, deviceId });
    const revoked = await issued(tokens, device('a'));
    await tokens.revoke({ subject: { case: 'token', value: revoked.accessToken } });
    const superseded = await issued(tokens, device('b'));
    const ofTenant = await issued(tokens, device('b'));
    await tokens.revokeTenant({ tenantId: user.tenantId });
    // The three calls that the user has are used up: one that counted would be told so.
    for (const { refreshToken } of [revoked, superseded, ofTenant]) {
      for (let i = 0; i < 5; i++) {
        expect(await reasonOf(tokens.refresh({ refreshToken }))).toBe('SESSION_REVOKED');
      }
    }
    const other = newDevice({ tenantId: 'robbed' });
    const first = await issued(tokens, other);
    const { refreshToken } = await refreshed(tokens, first.refreshToken);
    expect(await reasonOf(tokens.refresh({ refreshToken: first.refreshToken }))).toBe(
      'REFRESH_REUSED',
    );
    for (const token of [first.refreshToken, refreshToken]) {
      for (let i = 0; i < 5; i++) {
        expect(await reasonOf(tokens.refresh({ refreshToken: token }))).toBe('SESSION_REVOKED');
      }
    }
    await issued(tokens, other);
    expect(await reasonOf(tokens.issue({ device: other }))).toBe('RATE_LIMITED');
  });

  test('counts an answer that is given again', async () => {
    const { tokens } = await start(SLOW_USER);
    const { refreshToken } = await issued(tokens, newDevice());
    await refreshed(tokens, refreshToken);
    await refreshed(tokens, refreshToken);
    expect(await failureOf(tokens.refresh({ refreshToken }))).toMatchObject({
      reason: 'RATE_LIMITED',
      metadata: { limit: 'user' },
    });
  });

  test('hinders nobody from asking, listing and revoking', async () => {
    const { tokens } = await start(SLOW_USER);
    const device = newDevice();
    const { accessToken } = await issued(tokens, device);
    for (let i = 0; i < 2; i++) {
      await issued(tokens, newDevice({ userId: device.userId }));
    }
    expect(await reasonOf(tokens.issue({ device }))).toBe('RATE_LIMITED');
    for (let i = 0; i < 50; i++) expect(await verdictOf(tokens, accessToken)).toBe('ACTIVE');
    const { tenantId, userId } = device;
    expect((await tokens.listSessions({ tenantId, userId })).totalSize).toBe(3);
    const revoked = await tokens.revoke({ subject: { case: 'token', value: accessToken } });
    expect(revoked.revokedCount).toBe(1);
    expect(await verdictOf(tokens, accessToken)).toBe('REVOKED');
  });
});

describe('the rate of a caller', () => {
  test('counts the calls of one service caller and of no other', async () => {
    const { server } = await start(SLOW_CALLER);
    const callers = server.client(CallerService);
    const permissions = [Permission.ISSUE, Permission.REFRESH, Permission.VALIDATE];
    const one = await callers.createCaller({ name: 'one', permissions, tenants: ['acme'] });
    const two = await callers.createCaller({ name: 'two', permissions, tenants: ['acme'] });
    const tokens = server.client(TokenService, one.apiKey);
    const first = await issued(tokens, newDevice());
    const second = await refreshed(tokens, first.refreshToken);
    await issued(tokens, newDevice());
    const calls = [
      tokens.issue({ device: newDevice() }),
      tokens.refresh({ refreshToken: second.refreshToken }),
    ];
    for (const call of calls) {
      expect(await failureOf(call)).toMatchObject({
        code: 'ResourceExhausted',
        reason: 'RATE_LIMITED',
        metadata: { limit: 'caller' },
      });
    }
    expect(await verdictOf(tokens, second.accessToken)).toBe('ACTIVE');
    await issued(server.client(TokenService, two.apiKey), newDevice());
  });

  test('does not count what users do with their own tokens', async () => {
    const { server, tokens } = await start(SLOW_CALLER);
    const device = newDevice();
    let pair = await issued(tokens, device);
    const app = server.client(TokenService, null);
    for (let i = 0; i < 6; i++) pair = await refreshed(app, pair.refreshToken);
    expect(await verdictOf(tokens, pair.accessToken)).toBe('ACTIVE');
  });
});

test('limits that are off leave no trace in Redis; limits that are on leave nothing for ever', async () => {
  const off = await start({ SIGNUM_RATE_USER: '0', SIGNUM_RATE_CALLER: '0' });
  const device = newDevice();
  for (let i = 0; i < 30; i++) await issued(off.tokens, device);
  expect(await rateKeys(off.server)).toEqual([]);

  const on = await start({ SIGNUM_RATE_USER: '1/h:3', SIGNUM_RATE_CALLER: '1/h:3' });
  await issued(on.tokens, device);
  const left = await rateKeys(on.server);
  expect(left).toHaveLength(2);
  expect(left.every(({ ttlMs }) => ttlMs > 0 && ttlMs <= 3 * HOUR_MS + 1)).toBe(true);
});

async function rateKeys({ redisUrl }: TestServer) {
  const redis = new Redis(redisUrl);
  try {
    const keys = await redis.keys('signum:*:rate:*');
    return await Promise.all(keys.map(async (key) => ({ key, ttlMs: await redis.pttl(key) })));
  } finally {
    redis.disconnect();
  }
}
