import { committedAtMs, type FeedEvent } from '../store/feed/event.ts';
import type { FeedEntries, FeedPage, FeedPlace, FeedQuery } from '../store/feed/read-feed.ts';

/** How the feed of a partition is read; see src/store/feed/read-feed.ts. */
export interface FeedReads {
  page(query: FeedQuery): Promise<FeedPage>;
  entries(
    known: Pick<FeedPlace, 'entryId'> & Partial<FeedPlace>,
    count: number,
  ): Promise<FeedEntries>;
}

/** A part of what stands in a partition; the last one says up to where. */
export interface StatePage {
  readonly events: readonly FeedEvent[];
  readonly place: FeedPlace | undefined;
}

/** Entries in a page that a script reads: Redis serves nobody else for about as many times 1 µs. */
const PAGE = 1_000;
/**
 * The same of pages that are read without one, a fifth of that. Those of all partitions that are told to
 * a subscriber at a time have room in the other half of what it may leave unread.
 */
const ENTRIES = 2_000;

/**
 * Reads what stands in a partition: ends whose expiry is ahead, and watermarks. A script of a primary
 * reads the first entries and the last, and confirms what was read in between, quicker and of
 * whomever.
 *
 * @throws Error if the feed has become another one meanwhile
 */
export async function* walkState({ page, entries }: FeedReads): AsyncGenerator<StatePage> {
  let read = await page({ which: 'STANDING', count: PAGE });
  // The store's clock was there already.
  const nowMs = read.head.entryId === '' ? 0 : committedAtMs(read.head);
  while (read.next !== undefined) {
    yield { events: read.events, place: undefined };
    let known: Pick<FeedPlace, 'entryId'> & Partial<FeedPlace> = { entryId: read.next };
    for (let isEnd = false; !isEnd; ) {
      const more = await entries(known, ENTRIES);
      yield { events: more.events.filter((each) => each.expiresAtMs > nowMs), place: undefined };
      ({ last: known, isEnd } = more);
    }
    const { entryId, revision = 0 } = known;
    read = await page({
      ...{ known: { entryId, revision }, after: entryId },
      ...{ which: 'STANDING', count: PAGE },
    });
    if (!read.hasKnown) throw new Error('the feed is of another history');
  }
  yield { events: read.events, place: read.head };
}
