import { expect, onTestFinished, test } from 'vitest';
import { type FeedEvent, parseMessage } from '../../src/store/feed/event.ts';
import { revokeDevice } from '../../src/store/sessions/revoke.ts';
import { sweepPartition } from '../../src/store/sessions/sweep.ts';
import { soon } from '../setup/store.ts';
import { LOGOUT, type StoreSubject } from './store-subject.ts';

/** What is swept, and what the feed keeps. */
export function upkeepSuite(subject: StoreSubject): void {
  const { newDevice, begin, statusOf, exchange, openAnother } = subject;

  test('the feed keeps an event for as long as any server has ever asked for', async () => {
    const device = newDevice();
    const { partition } = subject.store.keyspace.place(device);
    const { revision } = await begin(device);
    const hasty = await openAnother({ feedMs: 0, skewMs: 0 });
    onTestFinished(() => hasty.close());
    await revokeDevice(hasty, device, {}, LOGOUT, soon());
    await sweepPartition(hasty, partition, 256, soon());
    const feed = await subject.store.client.xrevrange(partition.feed, '+', '-', 'COUNT', 2);
    expect(eventsIn(feed).map((event) => event.revision)).toEqual([revision + 1, revision]);
  });

  test('the sweeper moves what is over to the revoked table, once, however many sweep', async () => {
    const device = newDevice();
    const lifetimes = { accessMs: 1000, refreshMs: 1000, sessionMs: 1000 };
    const grant = await begin(device, { lifetimes });
    await expect.poll(() => statusOf(device, grant.tokenId), { timeout: 10_000 }).toBe('EXPIRED');
    const { partition, active } = subject.store.keyspace.place(device);
    const sweeps = await Promise.all(
      Array.from({ length: 8 }, () => sweepPartition(subject.store, partition, 64, soon())),
    );
    expect(sweeps.reduce((sum, { swept }) => sum + swept, 0)).toBe(1);
    expect(await subject.store.client.exists(active)).toBe(0);
    expect(await subject.store.client.get(`${partition.prefix}revoked:${grant.tokenId}`)).toMatch(
      /^EXPIRED /,
    );
  });

  test('a session that vanished before it was swept leaves nothing in the indexes', async () => {
    const device = newDevice();
    await begin(device);
    const { active, partition, member } = subject.store.keyspace.place(device);
    await subject.store.client.del(active);
    await subject.store.client.zadd(partition.expiry, 1, member);
    expect((await sweepPartition(subject.store, partition, 64, soon())).pruned).toBe(1);
    expect(await subject.store.client.zscore(partition.expiry, member)).toBeNull();
    expect(
      await subject.store.client.exists(subject.store.keyspace.user('acme', device.userId)),
    ).toBe(0);
  });

  test('each change has its own revision, without a gap, and stands in the feed', async () => {
    const device = newDevice();
    const { partition } = subject.store.keyspace.place(device);
    const before = Number(await subject.store.client.get(partition.revision));
    const grant = await begin(device);
    await exchange(device, grant, 'rotated');
    await revokeDevice(subject.store, device, {}, LOGOUT, soon());
    const feed = await subject.store.client.xrevrange(partition.feed, '+', '-', 'COUNT', 3);
    expect(eventsIn(feed.reverse())).toMatchObject([
      { revision: before + 1, kind: 'ISSUE' },
      { revision: before + 2, kind: 'REFRESH' },
      { revision: before + 3, kind: 'REVOKE' },
    ]);
  });
}

/** What entries of a feed tell. */
function eventsIn(entries: readonly (readonly [string, readonly string[]])[]): FeedEvent[] {
  return entries.map(([id, [, text]]) => parseMessage(`${id} ${text}`) as FeedEvent);
}
