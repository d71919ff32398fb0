import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addUser, PASSWORD, USER } from '../../../test/setup/acl-users.ts';
import { startTestRedis } from '../../../test/setup/redis.ts';
import { openTestStore, planFor, soon } from '../../../test/setup/store.ts';
import { until } from '../../../test/setup/until.ts';
import { issue } from '../sessions/issue.ts';
import type { Store } from '../store.ts';
import { type Channels, openChannels } from './channels.ts';
import type { FeedEvent } from './event.ts';
import { readFeed } from './read-feed.ts';

const PARTITIONS = 16;
let store: Store;
let channels: Channels | undefined;
const heard = new Set<number>();
const faults: string[] = [];
const events = new Map<number, FeedEvent[]>();

beforeAll(async () => {
  store = await openTestStore({}, undefined, PARTITIONS);
  channels = open(store);
});
afterAll(async () => {
  channels?.close();
  await store.close();
});

function open(on: Store): Channels {
  heard.clear();
  events.clear();
  return openChannels({
    store: on,
    timeoutMs: 5_000,
    listener: {
      onHeard: (p) => heard.add(p),
      onFault: (problem) => faults.push(problem),
      onLost: (p) => heard.delete(p),
      onEvent: (p, event) => events.set(p, [...(events.get(p) ?? []), event]),
    },
  });
}

test('hears every partition, and all that is committed before a primary vouches', async () => {
  await until('every partition is heard', () => heard.size === PARTITIONS);
  for (const keys of store.keyspace.partitions) {
    await readFeed(store, keys, { which: 'ALL', count: 0 }, soon());
  }
  const devices = Array.from({ length: 200 }, (_, i) => ({
    ...{ tenantId: 't', userId: `u${i}`, deviceId: 'd' },
  }));
  const issuing = devices.map((device) => issue(store, planFor(device), soon()));
  await Promise.all(issuing);
  const vouched = await channels?.vouch();

  expect(vouched?.flatMap(({ partitions }) => partitions)).toHaveLength(PARTITIONS);
  expect(vouched?.[0]?.history).toMatch(/^\w{40}\.\w{40}$/);
  for (const [p, keys] of store.keyspace.partitions.entries()) {
    const page = await readFeed(store, keys, { which: 'ALL', count: 1_000 }, soon());
    expect(events.get(p) ?? []).toEqual(page.events);
    expect(page.head.revision).toBe(page.events.length);
  }
});

test('a place is known as long as its entry is there with its revision', async () => {
  const { partition } = store.keyspace.place({ tenantId: 'x', userId: 'y', deviceId: 'z' });
  await issue(store, planFor({ tenantId: 'x', userId: 'y', deviceId: 'z' }), soon());
  const { head } = await readFeed(store, partition, { which: 'ALL', count: 0 }, soon());
  const look = async (known: { revision: number; entryId: string }) => {
    const page = await readFeed(store, partition, { known, which: 'ALL', count: 0 }, soon());
    return page.hasKnown;
  };
  expect(await look(head)).toBe(true);
  expect(await look({ ...head, revision: head.revision - 1 })).toBe(false);
  expect(await look({ ...head, entryId: '1-1' })).toBe(false);
});

test('a primary that was a replica in between is heard anew, and vouches for nothing before that', async () => {
  const server = await startTestRedis();
  const admin = new Redis(server.url);
  const own = await openTestStore({}, server.url, PARTITIONS);
  const anew = open(own);
  try {
    await until('every partition is heard', () => heard.size === PARTITIONS);
    const [before] = await anew.vouch();
    await admin.replicaof('127.0.0.1', 1);
    await admin.replicaof('NO', 'ONE');
    expect(await anew.vouch()).toEqual([]);
    await until('every partition is heard again', () => heard.size === PARTITIONS);
    const [after] = await anew.vouch();
    expect(after?.partitions).toHaveLength(PARTITIONS);
    expect(after?.history).not.toBe(before?.history);
  } finally {
    anew.close();
    await own.close();
    admin.disconnect();
    await server.stop();
  }
});

test('what keeps a primary from being heard is told once', async () => {
  const server = await startTestRedis();
  const admin = new Redis(server.url);
  await addUser(admin);
  const lacking = await openTestStore({}, server.url.replace('://', `://${USER}:${PASSWORD}@`));
  await admin.call('ACL', 'SETUSER', USER, '-ssubscribe');
  faults.length = 0;
  const deaf = open(lacking);
  try {
    await until('it is told', () => faults.length > 0);
    await until('it has been tried again', async () => {
      return /cmdstat_ssubscribe:.*rejected_calls=([2-9]|\d\d)/.test(
        await admin.info('commandstats'),
      );
    });
    expect(faults).toEqual(['the store cannot answer (NOPERM)']);
  } finally {
    deaf.close();
    await lacking.close();
    admin.disconnect();
    await server.stop();
  }
});
