import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SHARED_KEYS } from '../../src/store/scripts/keys.ts';
import { openStore } from '../../src/store/store.ts';
import { ISSUER, startTestServer, type TestServer, TokenService } from '../setup/server.ts';
import { TEST_POLICY } from '../setup/store.ts';
import { reasonOf } from '../wire/failure.ts';
import { issued, newDevice, verdictOf } from '../wire/issued.ts';
import { startAnother } from './another-server.ts';

const RENAMED = 'https://renamed.signum.test';

let first: TestServer;
let redis: Redis;
/** Of the server that was there before, which did not write down who issues. */
let device: ReturnType<typeof newDevice>;
let pair: Awaited<ReturnType<typeof issued>>;

beforeEach(async () => {
  first = await startTestServer();
  redis = new Redis(first.redisUrl);
  device = newDevice();
  pair = await issued(first.client(TokenService), device);
  await redis.hdel(SHARED_KEYS.meta, 'issuer', 'other_issuers');
});
afterEach(async () => {
  redis.disconnect();
  await first.close();
});

const startRenamed = () =>
  startAnother({ ...first, env: { ...first.env, SIGNUM_ISSUER: RENAMED } });

async function answersOf(server: TestServer) {
  const tokens = server.client(TokenService);
  const ids = { ...device, tokenId: pair.tokenId };
  const { active } = await tokens.validate({ subject: { case: 'ids', value: ids } });
  const { totalSize } = await tokens.listSessions(device);
  return {
    byToken: await verdictOf(tokens, pair.accessToken),
    refreshed: await reasonOf(tokens.refresh({ refreshToken: pair.refreshToken })),
    byIds: active,
    listed: totalSize,
  };
}

const DEAD = { byToken: 'WRONG_ISSUER', refreshed: 'TOKEN_INVALID', byIds: false, listed: 0 };

/** Whether a server that starts now takes sessions over that say nothing of their issuer. */
async function isAdopted(issuer: string): Promise<boolean> {
  const store = await openStore({
    redis: {
      ...{ url: first.redisUrl, name: 'signum-test' },
      ...{ commandTimeoutMs: 5_000, connectTimeoutMs: 5_000 },
    },
    ...{ issuer, partitions: 4, leaseMs: 5_000, policy: TEST_POLICY },
    onConnectionError: () => undefined,
  });
  await store.close();
  return store.issuer.isAdopted;
}

test('a deployment whose issuer stays keeps the sessions that do not name it', async () => {
  const next = await startAnother(first);
  try {
    expect(await verdictOf(next.client(TokenService), pair.accessToken)).toBe('ACTIVE');
    expect(await redis.hget(SHARED_KEYS.meta, 'issuer')).toBe(ISSUER);
  } finally {
    await next.close();
  }
});

test('whose they are can be written down before the issuer changes: then they are dead', async () => {
  await redis.hsetnx(SHARED_KEYS.meta, 'issuer', ISSUER);
  const next = await startRenamed();
  try {
    expect(await answersOf(next)).toEqual(DEAD);
  } finally {
    await next.close();
  }
});

test('afterwards it can be written down as well: until then no token of theirs is good', async () => {
  const early = await startRenamed();
  const before = await answersOf(early);
  expect(before).toMatchObject({ byToken: 'WRONG_ISSUER', refreshed: 'TOKEN_INVALID' });
  await redis.hset(SHARED_KEYS.meta, 'issuer', ISSUER);
  await early.close();
  const next = await startRenamed();
  try {
    expect(await answersOf(next)).toEqual(DEAD);
  } finally {
    await next.close();
  }
});

test('the server that takes them over knows it, and no other does', async () => {
  expect([await isAdopted(RENAMED), await isAdopted(RENAMED)]).toEqual([true, false]);
  await redis.hset(SHARED_KEYS.meta, 'issuer', ISSUER);
  expect(await isAdopted(RENAMED)).toBe(false);
  await redis.flushdb();
  expect(await isAdopted(ISSUER)).toBe(false);
});
