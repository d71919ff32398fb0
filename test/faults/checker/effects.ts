import { parseMessage } from '../../../src/store/feed/event.ts';
import type { RedisNode } from '../../setup/redis-node.ts';
import { ask } from '../../setup/redis-sentinel.ts';
import type { PartitionTruth, StreamEnd } from './edges/compare-feeds.ts';

/** What a partition's feed tells of itself, against what it may not. */
export async function readEffects(primaries: readonly RedisNode[]): Promise<{
  readonly changes: number;
  readonly faults: readonly string[];
  /** What each partition's feed holds of ends. */
  readonly truths: readonly PartitionTruth[];
}> {
  const truths: PartitionTruth[] = [];
  const faults: string[] = [];
  let changes = 0;
  for (const { port } of primaries) {
    await ask(port, async (redis) => {
      for (const feed of await redis.keys('signum:*:feed')) {
        const once = new Map<string, number>();
        const ends = new Map<string, StreamEnd>();
        let last = 0;
        for (const [id, [, text]] of await redis.xrange(feed, '-', '+')) {
          const event = parseMessage(`${id} ${text}`);
          if (!event) throw new Error(`${feed} holds what is no event`);
          const { revision, entryId, kind: name, sessionId, tokenId, expiresAtMs } = event;
          changes += 1;
          if (last > 0 && revision !== last + 1) faults.push(`${feed}: ${last} before ${revision}`);
          last = revision;
          if (name !== 'ISSUE' && name !== 'FENCE' && tokenId !== '') {
            ends.set(tokenId.replaceAll('-', ''), { revision, entryId, expiresAtMs });
          }
          // A session begins once, a token is refreshed once, a session ends once.
          const what = name === 'REFRESH' ? tokenId : sessionId;
          if (name.startsWith('REVOKE_') || name === 'FENCE') continue;
          const kind = name === 'ISSUE' || name === 'REFRESH' ? name : 'END';
          const times = (once.get(`${kind} ${what}`) ?? 0) + 1;
          once.set(`${kind} ${what}`, times);
          if (times === 2) faults.push(`${feed}: ${kind} ${what} twice`);
        }
        truths.push({ partition: Number(/\{(\d+)\}/.exec(feed)?.[1]), head: last, ends });
      }
    });
  }
  return { changes, faults, truths };
}
