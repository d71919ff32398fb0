import calculateSlot from 'cluster-key-slot';
import type { Cluster, Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { issue } from '../../src/store/sessions/issue.ts';
import { revokeDevice } from '../../src/store/sessions/revoke.ts';
import { validate } from '../../src/store/sessions/validate.ts';
import type { Store } from '../../src/store/store.ts';
import { isWritable, manyDevices, openImpatientStore, within } from '../setup/impatient-store.ts';
import { moveSlot } from '../setup/move-slot.ts';
import { type RedisCluster, startRedisCluster } from '../setup/redis-cluster.ts';
import type { RedisNode } from '../setup/redis-node.ts';
import { planFor } from '../setup/store.ts';

// Failovers take seconds, and longer on a busy machine.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const CLIENTS = 12;
const LOGOUT = { reason: 'LOGOUT', by: 'test', durability: { replicas: 0, fsync: false } } as const;

let cluster: RedisCluster;
let store: Store;

beforeAll(async () => {
  cluster = await startRedisCluster();
  store = await openImpatientStore(cluster.url, 1000);
  await isWritable(store);
});
afterAll(async () => {
  await store?.close();
  await cluster?.stop();
});

/** Begins, looks at and ends sessions until told to stop; rejects with whatever goes wrong. */
async function load(label: string, isOver: () => boolean): Promise<number> {
  let calls = 0;
  for (let i = 0; !isOver(); i++) {
    for (const device of manyDevices(`${label}-${i}`, 4)) {
      const outcome = await issue(store, planFor(device), within(10_000));
      if (!('grant' in outcome)) throw new Error(outcome.status);
      const { tokenId } = outcome.grant;
      const before = await validate(store, { ...device, tokenId }, within(10_000));
      const revoked = await revokeDevice(store, device, { tokenId }, LOGOUT, within(10_000));
      const after = await validate(store, { ...device, tokenId }, within(10_000));
      calls += 4;
      expect([before.status, revoked.count, after.status]).toEqual(['ACTIVE', 1, 'REVOKED']);
    }
  }
  return calls;
}

async function ownerOf(slot: number): Promise<RedisNode> {
  const [address = ''] = (store.client as { slots?: string[][] }).slots?.[slot] ?? [];
  const owner = cluster.nodes.find(({ publicPort }) => address.endsWith(`:${publicPort}`));
  if (!owner) throw new Error(`nobody owns slot ${slot}`);
  return owner;
}

test('slots move under load, to a server that nobody knew, and no caller sees an error', async () => {
  const slots = store.keyspace.partitions.map(({ revision }) => calculateSlot(revision));
  const owners = await Promise.all(slots.map(ownerOf));
  let isOver = false;
  const clients = Array.from({ length: CLIENTS }, (_, i) => load(`client-${i}`, () => isOver));
  const watched = Promise.all(clients);
  watched.catch(() => undefined);
  const newcomer = await cluster.addPrimary();
  let moved = 0;
  try {
    for (const [i, slot] of slots.entries()) {
      moved += await moveSlot(slot, owners[i]!, newcomer, cluster.nodes);
    }
    for (const [i, slot] of slots.slice(0, 4).entries()) {
      moved += await moveSlot(slot, newcomer, owners[i]!, cluster.nodes);
    }
  } finally {
    isOver = true;
  }
  const calls = await watched;
  expect(moved).toBeGreaterThan(slots.length);
  expect(Math.min(...calls)).toBeGreaterThan(0);
});

/** As the client library does with a server that seems to hold no slot, but for its haste. */
function drop(node: Redis): Promise<void> {
  (node as unknown as { connector: { disconnectTimeout: number } }).connector.disconnectTimeout =
    10_000;
  node.disconnect();
  return new Promise((resolve) => node.once('end', resolve));
}

test('servers dropped for a view that does not know them are met again, and no caller sees an error', async () => {
  for (let round = 0; round < 5; round++) {
    await store.close();
    store = await openImpatientStore(cluster.url, 1000);
    let isOver = false;
    const clients = Array.from({ length: CLIENTS }, (_, i) =>
      load(`dropped-${round}-${i}`, () => isOver),
    );
    const watched = Promise.all(clients);
    const serving = (store.client as Cluster).nodes('master');
    try {
      for (const node of serving) {
        await expect.poll(() => node.status).toBe('ready');
        await Promise.race([drop(node), watched]);
      }
    } finally {
      isOver = true;
    }
    expect(serving).toHaveLength(4);
    expect(Math.min(...(await watched))).toBeGreaterThan(0);
  }
});
