import { setTimeout as sleep } from 'node:timers/promises';
import type { DeviceRef } from '@signum/token';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { SignumError } from '../../src/domain/errors.ts';
import type { Durability } from '../../src/domain/session.ts';
import { connect, createClient } from '../../src/store/client/client.ts';
import { connectionsOf } from '../../src/store/client/connections.ts';
import { Barrier } from '../../src/store/dispatch/barrier.ts';
import { readHistory } from '../../src/store/dispatch/marked-run.ts';
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
const ON_DISK = { replicas: 0, fsync: true };

async function begin(store: Store, device: DeviceRef): Promise<void> {
  expect((await issue(store, planFor(device), within(5000))).status).toBe('ISSUED');
}

function revoke(store: Store, device: DeviceRef, durability: Durability, deadlineMs = 3000) {
  const revocation = { reason: 'LOGOUT', by: 'test', durability } as const;
  return revokeDevice(store, device, {}, revocation, within(deadlineMs));
}

/** WAITAOF came with Redis 7.2. */
async function hasWaitaof(port: number): Promise<boolean> {
  const commands = await ask(port, (redis) => redis.call('COMMAND', 'LIST'));
  return (commands as string[]).includes('waitaof');
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

  test('more replicas than there are is answered at once, however long the call may take', async () => {
    const device = manyDevices('at once', 1)[0]!;
    await begin(store, device);
    const error = await failure(revoke(store, device, { replicas: 16, fsync: false }, 600_000));
    expect(error.reason).toBe('DURABILITY_UNCONFIRMED');
    expect(error.metadata).toEqual({ replicas: '0', fsync: 'false' });
  });

  test('fsync is confirmed where Redis can tell, and never where it cannot', async () => {
    const device = manyDevices('fsync', 1)[0]!;
    await begin(store, device);
    if (await hasWaitaof(port)) {
      expect((await revoke(store, device, ON_DISK)).reached.fsync).toBe(true);
    } else {
      const error = await failure(revoke(store, device, ON_DISK));
      expect(error.reason).toBe('DURABILITY_UNCONFIRMED');
      expect(error.message).toContain('WAITAOF');
    }
  });

  test('fsync is confirmed one after the other, and together, while others write all the time', async ({
    skip,
  }) => {
    skip(!(await hasWaitaof(port)), 'this Redis has no WAITAOF');
    const devices = manyDevices('busy', 24);
    await Promise.all(devices.map((device) => begin(store, device)));
    const writer = new Redis(port);
    const writing = setInterval(() => writer.incr('other'), 2);
    try {
      const inTurn = devices.slice(0, 3);
      for (const device of inTurn) {
        const { count, reached } = await revoke(store, device, ON_DISK, 15_000);
        expect({ count, reached }).toEqual({ count: 1, reached: ON_DISK });
      }
      const outcomes = devices.slice(3).map(async (device, i) => {
        await sleep(25 * i); // So that there is always one that has just been written.
        return revoke(store, device, ON_DISK, 15_000);
      });
      for (const { count, reached } of await Promise.all(outcomes)) {
        expect({ count, reached }).toEqual({ count: 1, reached: ON_DISK });
      }
    } finally {
      clearInterval(writing);
      writer.disconnect();
    }
  });

  test('who waits for replicas is not held up by who waits for the disk', async ({ skip }) => {
    skip(!(await hasWaitaof(port)), 'this Redis has no WAITAOF');
    const [onDisk, toReplica] = manyDevices('both', 2);
    await Promise.all([begin(store, onDisk!), begin(store, toReplica!)]);
    await ask(port, (redis) => redis.config('SET', 'appendfsync', 'no'));
    try {
      const waiting = failure(revoke(store, onDisk!, ON_DISK, 4000));
      const first = await Promise.race([failure(revoke(store, toReplica!, ONE_REPLICA)), waiting]);
      expect(first.metadata).toEqual({ replicas: '0', fsync: 'false' });
      expect(first.message).toContain('0 replicas');
      expect((await waiting).reason).toBe('DURABILITY_UNCONFIRMED');
    } finally {
      await ask(port, (redis) => redis.config('SET', 'appendfsync', 'everysec'));
    }
  });
});

test('what was written before a change of roles is not confirmed after it', async () => {
  // One that writes its first append-only file, as after a change of roles, does not stop.
  const extraArgs = ['--appendonly', 'no', '--repl-diskless-sync-delay', '0'];
  const start = () => startTestRedis({ extraArgs });
  const [redis, other] = await Promise.all([start(), start()]);
  const settings = { url: redis.url, commandTimeoutMs: 1000, connectTimeoutMs: 1000, name: 'test' };
  const client = createClient(settings) as Redis;
  client.on('error', () => undefined);
  try {
    await connect(client, 5000);
    await client.set('effect', '1');
    const mark = readHistory(await client.info('replication'))!;
    const barrier = new Barrier(connectionsOf(client, 100).of(''));
    const wait = () => {
      const { deadlineAtMs } = within(5000);
      const wanted = { replicas: 0, fsync: false };
      return barrier.wait({ mark, touch: 'touch', wanted, deadlineAtMs });
    };
    expect(await wait()).toEqual({ replicas: 0, fsync: false });
    await ask(redis.port, (node) => node.replicaof('127.0.0.1', `${other.port}`));
    await until('its data is that of the other', async () =>
      ask(redis.port, async (node) => (await node.info('replication')).includes('_status:up')),
    );
    await ask(redis.port, (node) => node.replicaof('NO', 'ONE'));
    expect((await failure(wait())).reason).toBe('DURABILITY_UNCONFIRMED');
  } finally {
    client.disconnect();
    await Promise.all([redis.stop(), other.stop()]);
  }
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

  test('what is known to be durable is not waited for again, what is not is', async () => {
    const [known, pending] = manyDevices('again', 2);
    await Promise.all([begin(store, known!), begin(store, pending!)]);
    await revoke(store, known!, ONE_REPLICA);
    for (const node of replicas()) node.signal('SIGSTOP');
    const again = await revoke(store, known!, ONE_REPLICA, 600_000);
    expect(again).toMatchObject({ count: 0, reached: { fsync: false } });
    expect(again.reached.replicas).toBeGreaterThanOrEqual(1);
    for (let time = 0; time < 2; time += 1) {
      const error = await failure(revoke(store, pending!, ONE_REPLICA, 300));
      expect(error.reason).toBe('DURABILITY_UNCONFIRMED');
    }
    for (const node of replicas()) node.signal('SIGCONT');
    expect(await revoke(store, pending!, ONE_REPLICA)).toMatchObject({ count: 0 });
  });

  test('who has found nothing to do takes no place from who has', async () => {
    const [dead, ...live] = manyDevices('places', 4);
    await Promise.all([dead!, ...live].map((device) => begin(store, device)));
    const mayWait = { changed: 3, unchanged: 2 };
    const other = await openImpatientStore(sentinel.url, 1000, mayWait);
    for (const node of replicas()) node.signal('SIGSTOP');
    try {
      await failure(revoke(store, dead!, ONE_REPLICA, 300));
      const repeated = Array.from({ length: 20 }, () => revoke(other, dead!, ONE_REPLICA, 60_000));
      const refused: SignumError[] = [];
      for (const call of repeated) call.catch((error) => refused.push(error));
      // Two wait for as long as no replica answers.
      await until('the others are refused', () => refused.length === 18);
      expect(refused[0]?.message).toContain('as many calls as may wait');
      const waiting = live.map((device) => revoke(other, device, ONE_REPLICA, 60_000));
      for (const node of replicas()) node.signal('SIGCONT');
      for (const { count } of await Promise.all(waiting)) expect(count).toBe(1);
      const ended = await Promise.allSettled(repeated);
      expect(ended.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    } finally {
      await other.close();
    }
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
