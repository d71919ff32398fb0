import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startTestRedis } from '../../test/setup/redis.ts';
import { openTestStore, planFor, soon } from '../../test/setup/store.ts';
import { until } from '../../test/setup/until.ts';
import type { RedisProcess } from '../dev/redis-process.ts';
import { issue } from '../store/sessions/issue.ts';
import type { Store } from '../store/store.ts';
import { type Moved, type Sweeper, startSweeper } from './sweeper.ts';

const PARTITIONS = 64;
const BRIEF = { accessMs: 1000, refreshMs: 1000, sessionMs: 1000 };

let redis: RedisProcess;
let admin: Redis;
let stores: Store[] = [];
let sweepers: Sweeper[] = [];

beforeAll(async () => {
  redis = await startTestRedis();
});
afterAll(() => redis.stop());
beforeEach(async () => {
  const store = await openTestStore({}, redis.url, PARTITIONS);
  stores = [store];
  admin = store.client as Redis;
});
afterEach(async () => {
  await Promise.all(sweepers.map((each) => each.stop()));
  sweepers = [];
  await admin.flushall();
  await Promise.all(stores.map((store) => store.close()));
});

interface Server {
  readonly sweeper: Sweeper;
  readonly rounds: Moved[];
}

async function startServer(intervalMs: number): Promise<Server> {
  const store = await openTestStore({}, redis.url, PARTITIONS);
  stores.push(store);
  const rounds: Moved[] = [];
  const owner = `server-${stores.length}`;
  const onRound = (moved: Moved) => rounds.push(moved);
  const options = { owner, intervalMs, batch: 64, stepTimeoutMs: 5000, onRound };
  const sweeper = startSweeper(store, options);
  sweepers.push(sweeper);
  return { sweeper, rounds };
}

/** Scripts run so far: what a server sends to look, to sweep and to keep its lock. */
async function scriptsRun(): Promise<number> {
  const stats = await admin.info('commandstats');
  const calls = (name: string) =>
    Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
  return calls('evalsha') + calls('eval');
}

const swept = (servers: readonly Server[]) =>
  servers.flatMap(({ rounds }) => rounds).reduce((sum, each) => sum + each.swept, 0);

async function begin(users: number): Promise<string[]> {
  const [store] = stores as [Store];
  const devices = Array.from({ length: users }, (_, i) => ({
    ...{ tenantId: 'acme', userId: `user-${stores.length}-${i}`, deviceId: 'phone' },
  }));
  await Promise.all(
    devices.map((device) => issue(store, planFor(device, { lifetimes: BRIEF }), soon())),
  );
  return devices.map((device) => store.keyspace.place(device).active);
}

const remaining = async (keys: readonly string[]) => admin.exists(...keys);

test('of many servers one sweeps, and a partition in which nothing ends is left alone', async () => {
  const servers = await Promise.all(Array.from({ length: 4 }, () => startServer(200)));
  const rounds = () => servers.map((server) => server.rounds.length);
  await until('one has looked at all', () => rounds().some((count) => count > 0));
  const before = { scripts: await scriptsRun(), rounds: Math.max(...rounds()) };
  await until('ten rounds later', () => Math.max(...rounds()) >= before.rounds + 10);
  expect(rounds().filter((count) => count > 0)).toHaveLength(1);
  // Each look at a partition is a script. Ten rounds of four servers would be 2,560 of them.
  expect((await scriptsRun()) - before.scripts).toBeLessThan(3 * PARTITIONS);
});

test('whatever ends is swept, also when it ends sooner than what was known', async () => {
  const server = await startServer(100);
  await until('it has begun', () => server.rounds.length > 0);
  const keys = await begin(40);
  await until('all is swept', async () => (await remaining(keys)) === 0);
  expect(swept([server])).toBe(40);
});

test('a holder that is gone without a word is replaced', async () => {
  const [first, second] = [await startServer(100), await startServer(100)];
  await until('the first holds the lock', () => first.rounds.length > 0);
  // As a process that is killed: its lock stays.
  const lost = stores[1] as Store;
  await lost.close();
  const keys = await begin(20);
  await until('the second has swept', async () => (await remaining(keys)) === 0);
  expect(swept([second])).toBe(20);
});

test('a holder that stops gives the lock up', async () => {
  const first = await startServer(100);
  await until('it holds the lock', () => first.rounds.length > 0);
  expect(await admin.exists('signum:sweeper')).toBe(1);
  await first.sweeper.stop();
  expect(await admin.exists('signum:sweeper')).toBe(0);
});

test('who does not hold the lock gives nothing up', async () => {
  const [first, second] = [await startServer(100), await startServer(100)];
  await until('the first holds the lock', () => first.rounds.length > 0);
  await second.sweeper.stop();
  expect(await admin.get('signum:sweeper')).toBe('server-2');
});
