import { expect, test } from 'vitest';
import type { FeedEvent } from '../store/feed/event.ts';
import type { SnapshotPart } from './responses.ts';
import { createSubscriber } from './subscriber.ts';

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
