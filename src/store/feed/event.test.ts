import { Cluster } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestStore, planFor, soon } from '../../../test/setup/store.ts';
import { until } from '../../../test/setup/until.ts';
import { issue } from '../sessions/issue.ts';
import { revokeDevice } from '../sessions/revoke.ts';
import { raiseWatermark } from '../sessions/watermark.ts';
import type { Store } from '../store.ts';
import { committedAtMs, parseMessage } from './event.ts';
import { readFeed } from './read-feed.ts';

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
  expect(messages).toEqual(entries.map(([id, [, text]]) => `${id} ${text}`));
  const [seconds = 0] = await store.client.time();
  expect(committedAtMs(told[0] as { entryId: string })).toBeGreaterThan((seconds - 60) * 1_000);
  listener.disconnect();
});

test('a message of another form is none', () => {
  expect(parseMessage('2-0 1 ISSUE')).toBeUndefined();
});

test('entries of earlier versions, with a field for each fact, are read as those of this one', async () => {
  const { partition } = store.keyspace.place({ ...device, userId: 'earlier' });
  const sid = '0199f000-0000-7000-8000-00000000000a';
  const query = { which: 'STANDING', count: 10 } as const;
  // Once, so that nothing can have been lost when it is read again.
  await readFeed(store, partition, query, soon());
  const facts = { member: 'acme:ada:phone', sid, jti: sid, exp: '4000000000000', by: 'x' };
  for (const [i, event] of ['ISSUE', 'REVOKE'].entries()) {
    const revision = String(await store.client.incr(partition.revision));
    const fields = { revision, event, ...facts, reason: i === 0 ? '' : 'LOGOUT' };
    const order = ['revision', 'event', 'member', 'sid', 'jti', 'exp', 'reason', 'by'] as const;
    const flat = order.flatMap((name) => [name, fields[name]]);
    await store.client.xadd(partition.feed, '*', ...flat);
  }
  const { events, head, oldestRevision } = await readFeed(store, partition, query, soon());
  const of = events.filter(({ sessionId }) => sessionId === sid);
  expect(of).toEqual([
    {
      ...{ revision: head.revision, entryId: head.entryId, kind: 'REVOKE', reason: 'LOGOUT' },
      ...{ expiresAtMs: 4e12, sessionId: sid, tokenId: sid, awaited: false },
      member: 'acme:ada:phone',
    },
  ]);
  expect(oldestRevision).toBeLessThan(head.revision);
});
