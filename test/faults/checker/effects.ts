import { committedAtMs, type FeedEvent, parseMessage } from '../../../src/store/feed/event.ts';
import type { RedisNode } from '../../setup/redis-node.ts';
import { ask } from '../../setup/redis-sentinel.ts';
import type { PartitionTruth, StreamEnd } from './edges/compare-feeds.ts';
import type { Promises } from './judge.ts';

/** What the partitions' feeds tell of themselves, against what they may not. */
export async function readEffects(
  primaries: readonly RedisNode[],
  promises: Promises,
): Promise<{
  readonly changes: number;
  readonly faults: readonly string[];
  /** What each partition's feed holds of ends. */
  readonly truths: readonly PartitionTruth[];
}> {
  const truths: PartitionTruth[] = [];
  const faults: string[] = [];
  let changes = 0;
  for (const node of primaries) {
    await ask(node.port, async (redis) => {
      for (const feed of await redis.keys('signum:*:feed')) {
        const events = (await redis.xrange(feed, '-', '+')).map(([id, [, text]]) =>
          parseMessage(`${id} ${text}`),
        );
        if (!events.every((event) => event !== undefined)) throw new Error(`${feed} holds others`);
        changes += events.length;
        const found = faultsIn(events, node, promises);
        faults.push(...found.map((fault) => `${feed}: ${fault}`));
        const head = Number(await redis.get(feed.replace(/:feed$/, ':revision')));
        const ends = endsIn(events);
        truths.push({ partition: Number(/\{(\d+)\}/.exec(feed)?.[1]), head, ends });
      }
    });
  }
  return { changes, faults, truths };
}

/** The last of each token's, by its id. */
function endsIn(events: readonly FeedEvent[]): ReadonlyMap<string, StreamEnd> {
  const ends = new Map<string, StreamEnd>();
  for (const { revision, entryId, expiresAtMs, tokenId } of events.filter(isEndOfToken)) {
    const id = tokenId.replaceAll('-', '');
    const times = (ends.get(id)?.times ?? 0) + 1;
    ends.set(id, { revision, entryId, expiresAtMs, times });
  }
  return ends;
}

/** Revisions follow each other; a session begins once, a token is refreshed once, a session ends once. */
function faultsIn(
  events: readonly FeedEvent[],
  node: RedisNode,
  { keepsEverything }: Promises,
): readonly string[] {
  const faults: string[] = [];
  const first = new Map<string, FeedEvent>();
  let before: FeedEvent | undefined;
  for (const event of events) {
    const isNext = !before || event.revision === before.revision + 1;
    if (before && !isNext && !isTorn(before, event, node)) {
      faults.push(`${before.revision} before ${event.revision}`);
    }
    before = event;
    const what = onceOf(event);
    const earlier = what === undefined ? undefined : first.get(what);
    // Of what Redis has forgotten, each token that is shown is told to have ended.
    const mayForget = !keepsEverything || node.tornAtMs.some((ms) => ms <= committedAtMs(event));
    const isOther = mayForget && earlier?.tokenId !== event.tokenId;
    if (earlier && !isOther && !isTorn(earlier, event, node)) faults.push(`${what} twice`);
    else if (what !== undefined) first.set(what, event);
  }
  return faults;
}

function isEndOfToken({ kind, tokenId }: FeedEvent): boolean {
  return kind !== 'ISSUE' && kind !== 'FENCE' && tokenId !== '';
}

function onceOf({ kind, tokenId, sessionId }: FeedEvent): string | undefined {
  if (kind.startsWith('REVOKE_') || kind === 'FENCE' || kind === 'LOSS') return undefined;
  if (kind === 'REFRESH') return `REFRESH ${tokenId}`;
  return `${kind === 'ISSUE' ? kind : 'END'} ${sessionId}`;
}

/**
 * Whether Redis itself may have parted two events: it completes a step that a torn log has the beginning
 * of with what comes behind it, at the next start. So the step is counted twice, or stands there beside
 * its repetition.
 */
function isTorn(one: FeedEvent, other: FeedEvent, { tornAtMs, killedAtMs }: RedisNode): boolean {
  const [fromMs, toMs] = [committedAtMs(one), committedAtMs(other)];
  const isBetween = (ms: number) => fromMs <= ms && ms <= toMs;
  return killedAtMs.some(isBetween) && tornAtMs.some((ms) => ms <= toMs);
}
