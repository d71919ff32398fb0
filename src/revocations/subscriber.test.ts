import { expect, test } from 'vitest';
import type { FeedEvent } from '../store/feed/event.ts';
import type { FeedPage } from '../store/feed/read-feed.ts';
import type { FeedPart, SnapshotPart } from './responses.ts';
import { createSubscriber, type Subscriber } from './subscriber.ts';

const PARTITIONS = 4;
const PAGES = 12;
const PLACE = { revision: 1, entryId: '1-0' };
const EVENT: FeedEvent = {
  ...{ revision: 1, entryId: '1-0', kind: 'REVOKE', expiresAtMs: 1, reason: 'LOGOUT' },
  ...{ sessionId: 's', tokenId: 't', awaited: false, member: 'a:b:c' },
};
/** So many that a few pages fill what may be unread; more are not in a page. */
const events = Array.from({ length: 2_000 }, () => EVENT);

test('the states of several partitions are told at a time, to one who reads slower than they come', async () => {
  const subscriber = createSubscriber({
    ...{ partitions: PARTITIONS, tenants: '*', cursor: undefined, deploymentId: 'd', jwks: '' },
    read: () => Promise.reject(new Error('nothing is read')),
    async *snapshot(partition): AsyncGenerator<SnapshotPart> {
      for (let page = 1; page <= PAGES; page += 1) {
        const last = page === PAGES;
        const place = last ? PLACE : undefined;
        yield { kind: 'snapshot', partition, first: page === 1, last, events, place };
      }
    },
    wantLoad: () => undefined,
    resting: (taken) => taken,
  });
  const loads = [...Array(PARTITIONS).keys()].map((p) => subscriber.load(p, PLACE));
  const loaded = Promise.all(loads).finally(() => subscriber.end());
  let told = 0;
  for (let next = await subscriber.next(); next; next = await subscriber.next()) {
    for (const part of next.parts) {
      expect(part.kind).not.toBe('reset');
      if (part.kind === 'snapshot') told += part.events.length;
    }
    if (told === PARTITIONS * PAGES * events.length) break;
  }
  expect(await loaded).toEqual(loads.map(() => PLACE.revision));
  expect(told).toBe(PARTITIONS * PAGES * events.length);
});

const KNOWN = { revision: 1, entryId: '1-0' };

/** A page of the feed, of entries with these revisions; `head`: what the counter says. */
function page(revisions: readonly number[], head: number, next?: string): FeedPage {
  return {
    head: { revision: head, entryId: `${head}-0` },
    ...{ oldestRevision: 1, hasKnown: true, history: 'h', next },
    events: revisions.map((revision) => ({ ...EVENT, revision, entryId: `${revision}-0` })),
  };
}

/** Goes on from a place in one partition's feed, of which pages are read one after another. */
function goOn(pages: (FeedPage | Error)[]): Subscriber {
  return createSubscriber({
    ...{ partitions: 1, tenants: '*', deploymentId: 'd', jwks: '' },
    cursor: { deploymentId: 'd', places: new Map([[0, KNOWN]]) },
    async read() {
      const next = pages.shift();
      if (!next || next instanceof Error) throw next ?? new Error('no more');
      return next;
    },
    snapshot: () => {
      throw new Error('no state is read');
    },
    wantLoad: () => undefined,
    resting: (taken) => taken,
  });
}

async function toldBy(subscriber: Subscriber): Promise<readonly FeedPart[]> {
  const response = await subscriber.next();
  return response?.parts.filter(({ kind }) => kind !== 'welcome' && kind !== 'keys') ?? [];
}

const revisionsIn = (parts: readonly FeedPart[]) =>
  parts
    .flatMap((part) =>
      part.kind === 'events' ? part.partitions.flatMap(({ events: all }) => all) : [],
    )
    .map(({ revision }) => revision);

test('a reading of the feed that fails is gone on with where it stopped', async () => {
  const subscriber = goOn([page([2, 3], 5, '3-0'), new Error('away'), page([4, 5], 5)]);
  await expect(subscriber.load(0, { revision: 5, entryId: '5-0' })).rejects.toThrow('away');
  expect(await subscriber.load(0, { revision: 5, entryId: '5-0' })).toBe(5);
  expect(revisionsIn(await toldBy(subscriber))).toEqual([2, 3, 4, 5]);
});

test('a partition that is asked for twice is told once', async () => {
  const subscriber = goOn([page([2, 3], 3), page([2, 3], 3)]);
  const place = { revision: 3, entryId: '3-0' };
  const both = await Promise.all([subscriber.load(0, place), subscriber.load(0, place)]);
  expect(both).toEqual([3, undefined]);
  expect(revisionsIn(await toldBy(subscriber))).toEqual([2, 3]);
});

test.each([
  ['has a gap', page([2, 4], 4)],
  ['has a revision twice', page([2, 2], 3)],
  ['begins with a gap', page([3], 3)],
  ['ends before its counter', page([2], 3)],
  ['is empty and behind its counter', page([], 2)],
])('a subscriber is not gone on with by a feed that %s', async (_what, read) => {
  const subscriber = goOn([read]);
  expect(await subscriber.load(0, { revision: 9, entryId: '9-0' })).toBeUndefined();
  expect(await toldBy(subscriber)).toEqual([
    { kind: 'reset', partition: 0, reason: 'HISTORY_LOST' },
  ]);
});
