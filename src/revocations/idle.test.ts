import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRevocations } from '../../test/setup/feed-follower.ts';
import { startTestRedis } from '../../test/setup/redis.ts';
import { openTestStore } from '../../test/setup/store.ts';
import type { RedisProcess } from '../dev/redis-process.ts';
import type { Store } from '../store/store.ts';

let server: RedisProcess;
let admin: Redis;
let store: Store;

beforeAll(async () => {
  server = await startTestRedis();
  admin = new Redis(server.url);
  store = await openTestStore({}, server.url, 64);
});
afterAll(async () => {
  await store.close();
  admin.disconnect();
  await server.stop();
});

test('without subscribers it asks Redis no more than twice in two seconds, however many partitions', async () => {
  const revocations = startRevocations(store);
  await sleep(500);
  await admin.config('RESETSTAT');
  await sleep(4_500);
  const stats = await admin.info('commandstats');
  await revocations.close();
  const calls = (name: string) =>
    Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
  // One look at the primary and one at the lease table, every two seconds.
  expect(calls('evalsha')).toBeGreaterThan(0);
  expect(calls('evalsha')).toBeLessThanOrEqual(6);
  for (const name of ['xrange', 'ssubscribe', 'spublish', 'eval'])
    expect(calls(name), name).toBe(0);
});
