import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { RedisProcess } from '../../src/dev/redis-process.ts';
import { startTestRedis } from '../setup/redis.ts';
import { CallerService, startTestServer, type TestServer, TokenService } from '../setup/server.ts';
import { until } from '../setup/until.ts';
import { reasonOf } from '../wire/failure.ts';
import { issued, newDevice, refreshed, type Tokens } from '../wire/issued.ts';

// Client and server share a process with the flood.
vi.setConfig({ testTimeout: 90_000 });

/** As many as a user may have. */
const DEVICES = 100;

let redis: RedisProcess;
let admin: Redis;
let server: TestServer;
let tokens: Tokens;
/** Of a user with many devices. */
let accessToken: string;
const user = { tenantId: 'acme', userId: 'collector' };

beforeAll(async () => {
  redis = await startTestRedis();
  admin = new Redis(redis.url);
  server = await startTestServer({
    SIGNUM_REDIS_URL: redis.url,
    SIGNUM_RATE_USER: '0',
    SIGNUM_SWEEP_INTERVAL: '10m',
    SIGNUM_DEADLINE_DEFAULT: '10s',
    SIGNUM_REDIS_COMMAND_TIMEOUT: '5s',
  });
  tokens = server.client(TokenService);
  for (let i = 0; i < DEVICES; i += 1) {
    ({ accessToken } = await issued(tokens, { ...user, deviceId: `device-${i}` }));
  }
});
afterAll(async () => {
  admin?.disconnect();
  await server?.close();
  await redis?.stop();
});

test('a page of sessions takes one script, however many devices there are', async () => {
  const runs = async () => {
    const stats = await admin.info('commandstats');
    const calls = (name: string) =>
      Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
    return { scripts: calls('evalsha') + calls('eval'), indexes: calls('zrange') };
  };
  await tokens.listSessions({ ...user, pageSize: 10 });
  const before = await runs();
  await tokens.listSessions({ ...user, pageSize: 10 });
  const after = await runs();
  expect(after.scripts - before.scripts).toBe(1);
  expect(after.indexes - before.indexes).toBe(1);
});

describe('while a user asks for the own sessions over and over', () => {
  const FLOOD = 1_100;

  test('validating, revoking, refreshing and calling with a key go on', async () => {
    const devices = Array.from({ length: 5 }, () => newDevice());
    const pairs = await Promise.all(devices.map((device) => issued(tokens, device)));
    const { apiKey } = await server.client(CallerService).createCaller({
      name: 'gateway',
      permissions: [Permission.VALIDATE],
      tenants: ['acme'],
    });
    const asUser = server.client(TokenService, accessToken, 'connect-h1');
    let asked = 0;
    let done = false;
    const outcomes: (string | undefined)[] = [];
    const keepAsking = async () => {
      while (!done) {
        asked += 1;
        outcomes.push(await outcomeOf(asUser.listSessions({ ...user, pageSize: 100 })));
      }
    };
    const flood = Array.from({ length: 100 }, keepAsking);
    const gateway = server.client(TokenService, apiKey);
    try {
      for (const [i, { accessToken: token, refreshToken }] of pairs.entries()) {
        const subject = { case: 'token', value: token } as const;
        expect((await gateway.validate({ subject })).active).toBe(true);
        const next = await refreshed(tokens, refreshToken);
        const revoked = { case: 'token', value: next.refreshToken } as const;
        expect((await tokens.revoke({ subject: revoked })).revokedCount).toBe(1);
        expect((await gateway.validate({ subject })).active).toBe(false);
        // Until it has been a flood.
        if (i === pairs.length - 1) await until('enough has been asked', () => asked > FLOOD);
      }
    } finally {
      done = true;
      await Promise.all(flood);
    }
    expect(new Set(outcomes)).toEqual(new Set(['OK', 'RATE_LIMITED']));
  });

  test('a store that has many lists to make refuses more of them, and nothing else', async () => {
    const all = await Promise.all(
      Array.from({ length: 300 }, () => outcomeOf(tokens.listSessions({ ...user, pageSize: 100 }))),
    );
    for (const outcome of all) expect(['OK', 'OVERLOADED']).toContain(outcome);
    expect(all).toContain('OK');
  });
});

function outcomeOf(call: Promise<unknown>): Promise<string | undefined> {
  return call.then(
    () => 'OK',
    (error) => reasonOf(Promise.reject(error)),
  );
}
