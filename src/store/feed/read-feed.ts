import type { Deadline } from '../../domain/call.ts';
import type { StoreContext } from '../scripts/context.ts';
import type { PartitionKeys } from '../scripts/keys.ts';
import { SCRIPTS } from '../scripts/script.ts';
import { type FeedEvent, parseMessage } from './event.ts';

/** A place in one partition's history. */
export interface FeedPlace {
  readonly revision: number;
  /** The id of the feed's entry with that revision; empty where the feed has never had one. */
  readonly entryId: string;
}

/** Where a partition's feed stands. */
export interface FeedExtent {
  /** The newest place. */
  readonly head: FeedPlace;
  /** The revision of the oldest entry that is kept; beyond the head where there is none. */
  readonly oldestRevision: number;
  /** Whether the entry that was asked for is there, with the revision that was asked for. */
  readonly hasKnown: boolean;
}

export interface FeedPage extends FeedExtent {
  readonly events: readonly FeedEvent[];
  /** The last entry that was looked at; undefined where the feed ended. */
  readonly next: string | undefined;
}

export interface FeedQuery {
  /** A place to look for. */
  readonly known?: FeedPlace | undefined;
  /** The entry after which to read; from the beginning when absent. */
  readonly after?: string | undefined;
  /** `ALL` events, or only what is `STANDING`: ends whose expiry is ahead, and watermarks. */
  readonly which: 'ALL' | 'STANDING';
  /** Entries that are looked at, at most; Redis serves nobody else meanwhile. 0 for the extent alone. */
  readonly count: number;
}

/** Reads a page of a partition's feed on its primary (lua/feed.lua). */
export async function readFeed(
  { runner }: Pick<StoreContext, 'runner'>,
  { feed, revision }: PartitionKeys,
  { known, after, which, count }: FeedQuery,
  deadline: Deadline,
): Promise<FeedPage> {
  const start = after ? `(${after}` : '-';
  const args = [known?.entryId ?? '', known?.revision ?? 0, start, count, which];
  const reply = await runner.run(SCRIPTS.feed, [feed, revision], args, deadline);
  const [, head, headId, oldestRevision, hasKnown, next, ...lines] = reply;
  return {
    head: { revision: Number(head), entryId: String(headId) },
    oldestRevision: Number(oldestRevision),
    hasKnown: hasKnown === 1,
    events: lines.map((line) => parseMessage(String(line)) as FeedEvent),
    next: next ? String(next) : undefined,
  };
}
