import { Cluster } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestStore, planFor, soon } from '../../../test/setup/store.ts';
import { until } from '../../../test/setup/until.ts';
import { issue } from '../sessions/issue.ts';
import { revokeDevice } from '../sessions/revoke.ts';
import { raiseWatermark } from '../sessions/watermark.ts';
import type { Store } from '../store.ts';
import { committedAtMs, parseMessage } from './event.ts';

let store: Store;
const device = { tenantId: 'a b', userId: 'ü: {x}', deviceId: 'c d' };
const durability = { replicas: 0, fsync: false };

beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.close());

test('each change of a partition is told on its channel as it stands in its feed', async () => {
  if (store.client instanceof Cluster) throw new Error('needs one node');
  const { partition, member } = store.keyspace.place(device);
  const listener = store.client.duplicate();
  const messages: string[] = [];
  await listener.connect();
  await listener.ssubscribe(partition.channel);
  listener.on('smessage', (_channel, message: string) => messages.push(message));

  await issue(store, planFor(device), soon());
  await issue(store, planFor(device), soon());
  await revokeDevice(store, device, {}, { reason: 'LOGOUT', by: 'x', durability }, soon());
  await raiseWatermark(store, { tenantId: 'a b' }, 'x', durability, soon());

  await until('five messages', () => messages.length === 5);
  const told = messages.map((message) => parseMessage(message));
  expect(told.map((event) => event?.kind)).toEqual([
    ...['ISSUE', 'SUPERSEDE', 'ISSUE', 'REVOKE', 'REVOKE_TENANT'],
  ]);
  expect(told.map((event) => event?.revision)).toEqual([1, 2, 3, 4, 5]);
  expect(told[3]).toMatchObject({ reason: 'LOGOUT', member });
  expect(told[4]).toMatchObject({ member: 't:a b', tokenId: '', reason: '' });
  const entries = await store.client.xrange(partition.feed, '-', '+');
  expect(told.map((event) => event?.entryId)).toEqual(entries.map(([id]) => id));
  const [seconds = 0] = await store.client.time();
  expect(committedAtMs(told[0] as { entryId: string })).toBeGreaterThan((seconds - 60) * 1_000);
  listener.disconnect();
});

test('a message of another form is none', () => {
  expect(parseMessage('1 2-0 ISSUE')).toBeUndefined();
});
