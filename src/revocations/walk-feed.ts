import type { FeedPage, FeedPlace, FeedQuery } from '../store/feed/read-feed.ts';
import { type Join, joinFeed } from './core/join-feed.ts';

export type ReadFeed = (query: FeedQuery) => Promise<FeedPage>;

/** Entries in a page of the feed: Redis serves nobody else for about as many times 1 µs. */
const PAGE = 1_000;

/** Reads a partition's feed to its end, page by page, each when it is asked for. */
export async function* walkFeed(
  read: ReadFeed,
  query: Omit<FeedQuery, 'count'>,
): AsyncGenerator<FeedPage> {
  let page = await read({ ...query, count: PAGE });
  yield page;
  while (page.next) {
    page = await read({ after: page.next, which: query.which, count: PAGE });
    yield page;
  }
}

/** Whether what a page goes on with joins on to a place; `page` was read with that place as known. */
export function joinAt(
  place: FeedPlace & { readonly deploymentId: string },
  deploymentId: string,
  { head, oldestRevision, hasKnown }: FeedPage,
): Join {
  // Whoever has been told of nothing yet has missed nothing while the first change is there.
  const isStart = place.revision === 0 && oldestRevision === 1;
  if (isStart && place.deploymentId === deploymentId) return 'CONTINUE';
  const entryIdAtCursor = hasKnown ? place.entryId : undefined;
  return joinFeed(place, { deploymentId, head, oldestRevision, entryIdAtCursor });
}

/** Where a page ends; undefined if it is empty. */
export function lastPlace({ events }: Pick<FeedPage, 'events'>): FeedPlace | undefined {
  const last = events.at(-1);
  return last && { revision: last.revision, entryId: last.entryId };
}

/**
 * Why a page of all events does not follow a place. A gap, or a counter that is ahead of the last entry,
 * tells that a primary has come back from a torn log with a step's beginning that nobody was told: the
 * log was cut off within it, and what was written behind it has completed it.
 */
export function whyNotAfter(place: FeedPlace, page: FeedPage): 'HISTORY_LOST' | undefined {
  const isGapless = page.events.every(({ revision }, i) => revision === place.revision + i + 1);
  const { revision } = lastPlace(page) ?? place;
  const isWhole = page.next !== undefined || page.head.revision === revision;
  return isGapless && isWhole ? undefined : 'HISTORY_LOST';
}
