import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import calculateSlot from 'cluster-key-slot';
import { uuidv7 } from 'uuidv7';
import { afterEach, expect, test, vi } from 'vitest';
import type { Revocations } from '../../src/revocations/revocations.ts';
import { beginHistory } from '../../src/store/meta.ts';
import { issue } from '../../src/store/sessions/issue.ts';
import { revokeDevice } from '../../src/store/sessions/revoke.ts';
import type { Store } from '../../src/store/store.ts';
import { type Follower, followFeed, startRevocations } from '../setup/feed-follower.ts';
import { isWritable, manyDevices, openImpatientStore, within } from '../setup/impatient-store.ts';
import { moveSlot } from '../setup/move-slot.ts';
import { startRedisCluster } from '../setup/redis-cluster.ts';
import { RedisNode } from '../setup/redis-node.ts';
import { ask, startSentinel } from '../setup/redis-sentinel.ts';
import { planFor } from '../setup/store.ts';
import { until } from '../setup/until.ts';

// Failovers take seconds, and longer on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const LOGOUT = { reason: 'LOGOUT', by: 'test', durability: { replicas: 0, fsync: false } } as const;
const undo: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function follow(revocations: Revocations): Promise<Follower> {
  const follower = await followFeed(revocations);
  undo.push(() => follower.leave());
  return follower;
}

function start(store: Store): Revocations {
  const revocations = startRevocations(store);
  undo.push(() => revocations.close());
  return revocations;
}

async function open(url: string): Promise<Store> {
  const store = await openImpatientStore(url, 1_000);
  undo.push(() => store.close());
  return store;
}

/** Begins and ends sessions until told to stop; answers the tokens whose end was acknowledged. */
async function endSessions(store: Store, label: string, isOver: () => boolean): Promise<string[]> {
  const ended: string[] = [];
  for (let i = 0; !isOver(); i += 1) {
    for (const device of manyDevices(`${label}-${i}`, 8)) {
      try {
        const outcome = await issue(store, planFor(device), within(5_000));
        if (!('grant' in outcome)) continue;
        const { tokenId } = outcome.grant;
        const { count } = await revokeDevice(store, device, { tokenId }, LOGOUT, within(5_000));
        if (count === 1) ended.push(tokenId);
      } catch {
        // What is not acknowledged is not promised.
      }
    }
  }
  return ended;
}

function missing(ended: readonly string[], { ended: told }: Follower): string[] {
  return ended.filter((tokenId) => !told.has(tokenId));
}

test('while slots move, a subscriber misses nothing and sees nothing twice', async () => {
  const cluster = await startRedisCluster();
  undo.push(() => cluster.stop());
  const store = await open(cluster.url);
  await until('it takes writes', () => isWritable(store));
  const follower = await follow(start(store));
  await follower.checkpoint();

  let isOver = false;
  const ending = endSessions(store, 'moving', () => isOver);
  const slots = store.keyspace.partitions.map(({ revision }) => calculateSlot(revision));
  const ownerOf = (slot: number) => {
    const [address = ''] = (store.client as { slots?: string[][] }).slots?.[slot] ?? [];
    return cluster.nodes.find(({ publicPort }) => address.endsWith(`:${publicPort}`)) as RedisNode;
  };
  const newcomer = await cluster.addPrimary();
  for (const slot of slots.slice(0, 8))
    await moveSlot(slot, ownerOf(slot), newcomer, cluster.nodes);
  isOver = true;
  const moved = await ending;
  await follower.checkpoint();
  expect(moved.length).toBeGreaterThan(0);
  expect(missing(moved, follower)).toEqual([]);
  expect(follower.resets).toEqual([]);
});

test('after a failover of a Cluster everything is told of the new primary', async () => {
  const cluster = await startRedisCluster({ replicas: 1 });
  undo.push(() => cluster.stop());
  const store = await open(cluster.url);
  await until('it takes writes', () => isWritable(store));
  const follower = await follow(start(store));
  await follower.checkpoint();
  const before = await endSessions(store, 'before', once());
  await follower.checkpoint();
  expect(missing(before, follower)).toEqual([]);

  const [primary] = cluster.nodes;
  if (!primary) throw new Error('no node');
  await cluster.failover(primary);
  await until('it takes writes again', () => isWritable(store), 60_000);
  const after = await endSessions(store, 'after', once());
  await follower.checkpoint();
  expect(after.length).toBeGreaterThan(0);
  expect(missing(after, follower)).toEqual([]);
});

function once(): () => boolean {
  let count = 0;
  return () => {
    count += 1;
    return count > 1;
  };
}

test('after a failover behind Sentinel everything is told of the new primary', async () => {
  const sentinel = await startSentinel({ replicas: 2 });
  undo.push(() => sentinel.stop());
  const store = await open(sentinel.url);
  await until('it takes writes', () => isWritable(store));
  const follower = await follow(start(store));
  await follower.checkpoint();
  const before = await endSessions(store, 'before', once());
  await follower.checkpoint();
  expect(missing(before, follower)).toEqual([]);

  await sentinel.failover();
  await until('it takes writes again', () => isWritable(store), 60_000);
  const after = await endSessions(store, 'after', once());
  await follower.checkpoint();
  expect(after.length).toBeGreaterThan(0);
  expect(missing(after, follower)).toEqual([]);
});

test.each([
  ['lost the tail of its log', false],
  ['was restored from a backup', true],
])('a Redis that %s resets every subscriber', async (_what, isGuarded) => {
  const dir = mkdtempSync(join(tmpdir(), 'signum-test-feed-'));
  undo.push(() => rmSync(dir, { recursive: true, force: true }));
  const [data, backup] = [join(dir, 'data'), join(dir, 'backup')];
  const args = ['--appendonly', 'yes', '--appendfsync', 'always'];
  const redis = await RedisNode.start({ dir: data, args });
  undo.push(() => redis.destroy());
  const answers = () =>
    until('Redis answers', () => ask(redis.port, async (r) => (await r.ping()) === 'PONG'));
  await answers();
  const store = await open(redis.url);
  const kept = await endSessions(store, 'kept', once());
  const revocations = start(store);
  const follower = await follow(revocations);
  await follower.checkpoint();
  cpSync(data, backup, { recursive: true });
  const lost = await endSessions(store, 'lost', once());
  await follower.checkpoint();
  expect(missing([...kept, ...lost], follower)).toEqual([]);

  await redis.kill();
  rmSync(data, { recursive: true });
  cpSync(backup, data, { recursive: true });
  redis.start();
  await answers();
  if (isGuarded) {
    const other = await open(redis.url);
    await beginHistory(other.runner, uuidv7, within(5_000));
  }
  await until('the store takes writes', () => isWritable(store));
  const fresh = await endSessions(store, 'fresh', once());
  await follower.checkpoint();
  // The other history may begin before the server has looked, or after it.
  const reasons = isGuarded ? /HISTORY_LOST|OTHER_DEPLOYMENT/ : /HISTORY_LOST/;
  expect(follower.resets.join()).toMatch(reasons);
  expect(missing([...kept, ...fresh], follower)).toEqual([]);
  expect(missing(lost, follower)).toHaveLength(lost.length);
});
