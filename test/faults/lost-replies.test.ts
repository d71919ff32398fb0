import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parseMessage } from '../../src/store/feed/event.ts';
import { issue } from '../../src/store/sessions/issue.ts';
import type { Store } from '../../src/store/store.ts';
import {
  isWritable,
  manyDevices,
  openImpatientStore,
  reasonOf,
  within,
} from '../setup/impatient-store.ts';
import { startTestRedis } from '../setup/redis.ts';
import { type RedisCluster, startRedisCluster } from '../setup/redis-cluster.ts';
import { ask } from '../setup/redis-sentinel.ts';
import { planFor } from '../setup/store.ts';
import { startTcpProxy, type TcpProxy } from '../setup/tcp-proxy.ts';
import { until } from '../setup/until.ts';

// Failovers take seconds, and longer on a busy machine.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const AT_ONCE = 64;
const ROUNDS = 8;

/** How often each session was begun, according to the feeds of all partitions. */
async function beginnings(ports: readonly number[]): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const port of ports) {
    await ask(port, async (redis) => {
      for (const feed of await redis.keys('signum:*:feed')) {
        for (const [id, [, text]] of await redis.xrange(feed, '-', '+')) {
          const { kind, sessionId = '' } = parseMessage(`${id} ${text}`) ?? {};
          if (kind === 'ISSUE') counts.set(sessionId, (counts.get(sessionId) ?? 0) + 1);
        }
      }
    });
  }
  return counts;
}

/** One Issue for each of many users, all at once, each session id known. */
function issueMany(store: Store, label: string, deadlineMs = 2000) {
  const plans = manyDevices(label, AT_ONCE).map((device) => planFor(device));
  return {
    sessionIds: plans.map(({ sessionId }) => sessionId),
    reasons: () =>
      Promise.all(plans.map((plan) => reasonOf(issue(store, plan, within(deadlineMs))))),
  };
}

describe('standalone', () => {
  let port: number;
  let proxy: TcpProxy;
  let store: Store;
  let stopRedis: () => Promise<void>;

  beforeAll(async () => {
    const redis = await startTestRedis();
    ({ port } = redis);
    stopRedis = redis.stop;
    proxy = await startTcpProxy(port);
    store = await openImpatientStore(`redis://127.0.0.1:${proxy.port}`);
    await isWritable(store);
  });
  afterAll(async () => {
    await store?.close();
    await proxy?.stop();
    await stopRedis?.();
  });
  const recovered = () => until('the store takes writes again', () => isWritable(store));

  test('a script whose reply is lost has run once, and its call fails', async () => {
    const sessionIds: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const calls = issueMany(store, `lost-${round}`);
      sessionIds.push(...calls.sessionIds);
      proxy.dropReplies();
      expect(new Set(await calls.reasons())).toEqual(new Set(['STORE_UNAVAILABLE']));
      proxy.heal();
      await recovered();
    }
    const counts = await beginnings([port]);
    expect(new Set(sessionIds.map((sid) => counts.get(sid)))).toEqual(new Set([1]));
  });

  test("the client library's own defaults run such a script twice", async () => {
    const careless = new Redis(proxy.port, '127.0.0.1');
    careless.on('error', () => undefined);
    try {
      await careless.ping();
      proxy.dropReplies();
      const count = careless.incr('twice');
      await until('it has run', async () => (await ask(port, (r) => r.get('twice'))) === '1');
      proxy.heal();
      expect(await count).toBe(2);
    } finally {
      careless.disconnect();
    }
    await recovered();
  });

  test('a connection reset in the middle of everything leaves no call pending', async () => {
    const sessionIds: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const calls = issueMany(store, `reset-${round}`);
      sessionIds.push(...calls.sessionIds);
      proxy.onceSent(() => proxy.cut());
      const reasons = await calls.reasons();
      expect(reasons.filter((reason) => !['OK', 'STORE_UNAVAILABLE'].includes(reason))).toEqual([]);
      await recovered();
    }
    const counts = await beginnings([port]);
    expect(Math.max(...sessionIds.map((sid) => counts.get(sid) ?? 0))).toBe(1);
  });

  test('nothing is sent once the deadline has passed', async () => {
    const { sentBytes } = proxy;
    const [device] = manyDevices('late', 1);
    const call = issue(store, planFor(device!), { deadlineAtMs: performance.now() });
    expect(await reasonOf(call)).toBe('DEADLINE_EXCEEDED');
    expect(proxy.sentBytes).toBe(sentBytes);
  });

  test('a deadline shorter than the silence allowed is kept', async () => {
    const patient = await openImpatientStore(`redis://127.0.0.1:${proxy.port}`, 5000);
    try {
      proxy.blackhole();
      expect(new Set(await issueMany(patient, 'short', 60).reasons())).toEqual(
        new Set(['DEADLINE_EXCEEDED']),
      );
    } finally {
      proxy.heal();
      await patient.close();
    }
    await recovered();
  });

  test('once Redis is known to be silent, calls fail without being sent, until it answers', async () => {
    proxy.blackhole();
    expect(new Set(await issueMany(store, 'known').reasons())).toEqual(
      new Set(['STORE_UNAVAILABLE']),
    );
    const startMs = performance.now();
    const after = issueMany(store, 'after', 10_000);
    expect(new Set(await after.reasons())).toEqual(new Set(['STORE_UNAVAILABLE']));
    // Far from the deadline: they have not waited for anything.
    expect(performance.now() - startMs).toBeLessThan(5000);
    proxy.heal();
    await recovered();
    const counts = await beginnings([port]);
    expect(after.sessionIds.filter((sid) => counts.has(sid))).toEqual([]);
  });

  test('an outage is met with few attempts to connect', async () => {
    proxy.blackhole();
    const before = proxy.accepted;
    const untilMs = performance.now() + 1500;
    while (performance.now() < untilMs) {
      await issueMany(store, 'storm', 1000).reasons();
      await sleep(5);
    }
    expect(proxy.accepted - before).toBeLessThan(15);
    proxy.heal();
    await recovered();
  });
});

describe('cluster', () => {
  let cluster: RedisCluster;
  let store: Store;

  beforeAll(async () => {
    cluster = await startRedisCluster({ proxied: true });
    store = await openImpatientStore(cluster.url);
    await isWritable(store);
  });
  afterAll(async () => {
    await store?.close();
    await cluster?.stop();
  });

  test('a script whose reply is lost has run once, and its call fails', async () => {
    const sessionIds: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const calls = issueMany(store, `lost-${round}`);
      sessionIds.push(...calls.sessionIds);
      for (const { proxy } of cluster.nodes) proxy?.dropReplies();
      expect(new Set(await calls.reasons())).toEqual(new Set(['STORE_UNAVAILABLE']));
      for (const { proxy } of cluster.nodes) proxy?.heal();
      await until('every shard takes writes again', () => isWritable(store));
    }
    const counts = await beginnings(cluster.nodes.map(({ port }) => port));
    expect(new Set(sessionIds.map((sid) => counts.get(sid)))).toEqual(new Set([1]));
  });
});
