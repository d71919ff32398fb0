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
  /** Of the primary that was read, as it vouches. */
  readonly history: string;
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

/** How long the primary before may still begin sessions, at most: SIGNUM_REDIS_FAILOVER_WINDOW. */
const LONGEST_WINDOW_MS = 60_000;

/**
 * Reads a page of a partition's feed on its primary (lua/feed.lua). If that is of another history than was
 * read last, the feed tells of the loss from then on, for as long as a token can live that was issued by the
 * primary before.
 *
 * @param heard the history that the reader knew of the partition last; empty for none
 */
export async function readFeed(
  { runner, policy }: Pick<StoreContext, 'runner' | 'policy'>,
  { feed, revision, watermarks, channel }: PartitionKeys,
  { known, after, which, count }: FeedQuery,
  deadline: Deadline,
  heard = '',
): Promise<FeedPage> {
  const start = after ? `(${after}` : '-';
  const keptMs = policy.feedMs + policy.skewMs + LONGEST_WINDOW_MS;
  const place = [known?.entryId ?? '', known?.revision ?? 0];
  const args = [...place, start, count, which, heard, keptMs];
  const keys = [feed, revision, watermarks, channel];
  const reply = await runner.run(SCRIPTS.feed, keys, args, deadline);
  const [, head, headId, oldestRevision, hasKnown, next, lines, history] = reply;
  return {
    head: { revision: Number(head), entryId: String(headId) },
    oldestRevision: Number(oldestRevision),
    hasKnown: hasKnown === 1,
    events: readLines(String(lines)),
    next: next ? String(next) : undefined,
    history: String(history),
  };
}

/** Entries as they stand in a stream. */
export interface FeedEntries {
  /** What they tell; those that begin a session are left out. */
  readonly events: readonly FeedEvent[];
  readonly last: FeedPlace;
  /** Whether there were no more. */
  readonly isEnd: boolean;
}

/**
 * Reads what follows an entry, many at a time, in a fifth of the time that a script takes. It is not
 * known whether a primary has answered: whoever reads so has `readFeed` confirm the last entry, and
 * with it all before that.
 *
 * @throws Error if the entry is not there any more
 */
export async function readEntries(
  { runner }: Pick<StoreContext, 'runner'>,
  { feed }: PartitionKeys,
  known: Pick<FeedPlace, 'entryId'> & Partial<FeedPlace>,
  count: number,
  deadline: Deadline,
): Promise<FeedEntries> {
  // The entry itself comes first: what follows another one would follow something else.
  const entries = await runner.read(
    feed,
    deadline,
    (node) => node.xrange(feed, known.entryId, '+', 'COUNT', count + 1),
    'list',
  );
  const [first, ...rest] = entries.map(([id, fields]) => ({ id, text: textOf(fields) }));
  const from = first && revisionOf(first.text);
  const isKnown = first?.id === known.entryId && (known.revision ?? from) === from;
  if (!isKnown || from === undefined) throw new Error('the entry is not in the feed');
  const events: FeedEvent[] = [];
  for (const { id, text } of rest) {
    if (text.startsWith('ISSUE ', text.indexOf(' ') + 1)) continue;
    events.push(parseMessage(`${id} ${text}`) as FeedEvent);
  }
  const last = rest.at(-1) ?? first;
  const place = { revision: revisionOf(last.text), entryId: last.id };
  return { events, last: place, isEnd: rest.length < count };
}

/** The same as in lua/feed.lua: entries of earlier versions have a field for each fact. */
function textOf(fields: readonly string[]): string {
  if (fields[0] === 'event') return fields[1] ?? '';
  const [, revision, , event, , member, , sid, , jti, , exp, , reason, , , , awaited] = fields;
  return [revision, event, exp, reason, sid, jti, awaited ?? '0', member].join(' ');
}

function revisionOf(text: string): number {
  return Number(text.slice(0, text.indexOf(' ')));
}

/** Ids hold no line breaks. */
function readLines(lines: string): FeedEvent[] {
  return lines === '' ? [] : lines.split('\n').map((line) => parseMessage(line) as FeedEvent);
}
