import type { DeviceRef } from '@signum/token';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { SignumError } from '../../src/domain/errors.ts';
import type { Durability } from '../../src/domain/session.ts';
import { issue } from '../../src/store/sessions/issue.ts';
import { revokeDevice } from '../../src/store/sessions/revoke.ts';
import { validate } from '../../src/store/sessions/validate.ts';
import { raiseWatermark } from '../../src/store/sessions/watermark.ts';
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
import type { RedisNode } from '../setup/redis-node.ts';
import { ask, type RedisSentinel, startSentinel } from '../setup/redis-sentinel.ts';
import { planFor } from '../setup/store.ts';
import { until } from '../setup/until.ts';

// Failovers take seconds, and longer on a busy machine.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const ONE_REPLICA = { replicas: 1, fsync: false };

async function begin(store: Store, device: DeviceRef): Promise<void> {
  expect((await issue(store, planFor(device), within(5000))).status).toBe('ISSUED');
}

function revoke(store: Store, device: DeviceRef, durability: Durability, deadlineMs = 3000) {
  const revocation = { reason: 'LOGOUT', by: 'test', durability } as const;
  return revokeDevice(store, device, {}, revocation, within(deadlineMs));
}

async function failure(promise: Promise<unknown>): Promise<SignumError> {
  const error = await promise.then(
    () => new Error('did not fail'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof SignumError) return error;
  throw error;
}

describe('standalone', () => {
  let stop: () => Promise<void>;
  let port: number;
  let store: Store;
  beforeAll(async () => {
    const redis = await startTestRedis();
    ({ stop, port } = redis);
    store = await openImpatientStore(redis.url, 1000);
  });
  afterAll(async () => {
    await store?.close();
    await stop?.();
  });

  test('without replicas, a revocation that wants one is applied and unconfirmed', async () => {
    const device = manyDevices('alone', 1)[0]!;
    await begin(store, device);
    const error = await failure(revoke(store, device, ONE_REPLICA, 300));
    expect(error.reason).toBe('DURABILITY_UNCONFIRMED');
    expect(error.metadata).toEqual({ replicas: '0', fsync: 'false' });
    expect((await revoke(store, device, { replicas: 0, fsync: false })).count).toBe(0);
  });

  test('fsync is confirmed where Redis can tell, and never where it cannot', async () => {
    const commands = await ask(port, (redis) => redis.call('COMMAND', 'LIST'));
    const device = manyDevices('fsync', 1)[0]!;
    await begin(store, device);
    const call = revoke(store, device, { replicas: 0, fsync: true });
    if ((commands as string[]).includes('waitaof')) {
      expect((await call).reached.fsync).toBe(true);
    } else {
      expect((await failure(call)).reason).toBe('DURABILITY_UNCONFIRMED');
      expect((await failure(call)).message).toContain('WAITAOF');
    }
  });
});

describe('sentinel', () => {
  let sentinel: RedisSentinel;
  let store: Store;
  let primary: RedisNode;
  const replicas = () => sentinel.nodes.filter((node) => node !== primary);
  beforeAll(async () => {
    // Nobody is to be failed over, nor writes to be refused, while the replicas are held up.
    sentinel = await startSentinel({
      downAfterMs: 60_000,
      extraArgs: ['--min-replicas-to-write', '0'],
    });
    primary = await sentinel.primary();
    store = await openImpatientStore(sentinel.url, 1000);
  });
  afterEach(() => {
    for (const node of sentinel.nodes) node.signal('SIGCONT');
  });
  afterAll(async () => {
    await store?.close();
    await sentinel?.stop();
  });

  test('a revocation says how many replicas hold it, repeated or not', async () => {
    const device = manyDevices('two', 1)[0]!;
    await begin(store, device);
    const both = { replicas: 2, fsync: false };
    expect(await revoke(store, device, both)).toMatchObject({ count: 1, reached: both });
    expect(await revoke(store, device, both)).toMatchObject({ count: 0, reached: both });
  });

  test('a tenant watermark waits in every partition', async () => {
    const mark = raiseWatermark(store, { tenantId: 'gone' }, 'test', ONE_REPLICA, within(5000));
    expect((await mark).reached.replicas).toBeGreaterThanOrEqual(1);
  });

  test('a flushed script cache confirms nothing falsely', async () => {
    for (const device of manyDevices('flushed', 5)) {
      await begin(store, device);
      await ask(primary.port, (redis) => redis.script('FLUSH'));
      expect(await revoke(store, device, ONE_REPLICA)).toMatchObject({ count: 1 });
      for (const { port } of replicas()) {
        const { active } = store.keyspace.place(device);
        await until('it is gone', async () => (await ask(port, (r) => r.exists(active))) === 0);
      }
    }
  });

  test('replicas that do not answer leave it unconfirmed in time, and hold up nobody else', async () => {
    const devices = manyDevices('held', 20);
    await Promise.all(devices.map((device) => begin(store, device)));
    for (const node of replicas()) node.signal('SIGSTOP');
    const waiting = devices.map((device) => revoke(store, device, ONE_REPLICA, 1000));
    const verdicts = devices.map(async (device) => {
      const gone = async () => {
        const { active } = store.keyspace.place(device);
        return (await ask(primary.port, (redis) => redis.exists(active))) === 0;
      };
      await until('it is applied', gone, 900);
    });
    await Promise.all(verdicts);
    const reasons = await Promise.all(waiting.map(reasonOf));
    expect(new Set(reasons)).toEqual(new Set(['DURABILITY_UNCONFIRMED']));
  });

  test('it is confirmed when memory is full, where no session can begin', async () => {
    const device = manyDevices('full', 1)[0]!;
    await begin(store, device);
    const { tokenId } = planFor(device);
    await ask(primary.port, (redis) => redis.config('SET', 'maxmemory', '1mb'));
    try {
      expect(await reasonOf(issue(store, planFor(device), within(2000)))).toBe('STORE_FULL');
      expect(await revoke(store, device, ONE_REPLICA)).toMatchObject({ count: 1 });
      const look = await validate(store, { ...device, tokenId }, within(2000));
      expect(look.status).toBe('UNKNOWN');
    } finally {
      await ask(primary.port, (redis) => redis.config('SET', 'maxmemory', '0'));
    }
  });
});

describe('cluster', () => {
  let cluster: RedisCluster;
  let store: Store;
  beforeAll(async () => {
    cluster = await startRedisCluster({ replicas: 1 });
    store = await openImpatientStore(cluster.url, 1000);
  });
  afterAll(async () => {
    await store?.close();
    await cluster?.stop();
  });

  /** Redis gives a failover by hand up after 5 s if the replica has not caught up by then. */
  async function depose(primary: RedisNode, attempts = 4): Promise<void> {
    await cluster.failover(primary);
    const isDeposed = async () => !(await cluster.primaries()).includes(primary);
    await until('it is deposed', isDeposed, 6_000).catch(async (error: unknown) => {
      if (attempts === 1) throw error;
      await depose(primary, attempts - 1);
    });
  }

  test('each shard confirms for itself, before and after a failover that moved its slots', async () => {
    const [first] = await cluster.primaries();
    for (const round of ['before', 'after']) {
      const devices = manyDevices(round, 32);
      await until('all shards take writes', () => isWritable(store));
      await Promise.all(devices.map((device) => begin(store, device)));
      const outcomes = await Promise.all(
        devices.map((device) => revoke(store, device, ONE_REPLICA)),
      );
      expect(outcomes.filter(({ count, reached }) => count !== 1 || reached.replicas < 1)).toEqual(
        [],
      );
      if (round === 'before') {
        await depose(first!);
        await cluster.settled();
      }
    }
  });
});
