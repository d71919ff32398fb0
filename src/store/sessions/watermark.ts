import type { Deadline } from '../../domain/call.ts';
import type { Durability, DurabilityReached } from '../../domain/session.ts';
import type { StoreContext } from '../scripts/context.ts';
import { tenantField } from '../scripts/keys.ts';
import { type Reply, SCRIPTS } from '../scripts/script.ts';

/** `all`: whatever has begun, of every tenant. */
export type Mark = { readonly tenantId: string } | { readonly keyId: string } | 'all';

/** In a partition's watermarks; those of tenants and keys have a prefix. */
export const FIELD_OF_ALL = 'all';

/**
 * How long a mark is kept at least, however short lifetimes are: a server that has not heard of a
 * revoked key yet is told by the mark, and hears of it within SIGNUM_KEY_POLL, 5 min at most.
 */
const MIN_KEEP_MS = 3_600_000;

export interface WatermarkOutcome {
  readonly partitions: number;
  /** That of the mark, by partition. */
  readonly revisions: readonly number[];
  /** The least reached in any partition. */
  readonly reached: DurabilityReached;
}

/**
 * Raises a watermark in every partition (lua/watermark.lua). All of them hold it, or this rejects.
 *
 * @param awaited whether it will be waited for until every edge has applied it
 */
export async function raiseWatermark(
  store: StoreContext,
  mark: Mark,
  by: string,
  durability: Durability,
  deadline: Deadline,
  awaited = false,
): Promise<WatermarkOutcome> {
  const [field, event] = entryOf(mark);
  const { longestLifeMs, feedMs } = store.policy;
  const args = [
    field,
    Math.max(longestLifeMs, MIN_KEEP_MS),
    event,
    by,
    feedMs,
    awaited ? '1' : '0',
  ];
  const runs = store.keyspace.partitions.map(({ watermarks, expiry, revision, feed, channel }) => ({
    script: SCRIPTS.watermark,
    keys: [watermarks, expiry, revision, feed, channel],
    args,
    revision,
    effect: ([, at]: Reply) => ({ changed: true, revision: Number(at) }),
  }));
  const { replies, reached } = await store.runner.runDurably(runs, durability, deadline);
  return {
    partitions: runs.length,
    revisions: replies.map(([, at]) => Number(at)),
    reached,
  };
}

function entryOf(mark: Mark): readonly [field: string, event: string] {
  if (mark === 'all') return [FIELD_OF_ALL, 'REVOKE_ALL'];
  if ('tenantId' in mark) return [tenantField(mark.tenantId), 'REVOKE_TENANT'];
  return [`k:${mark.keyId}`, 'REVOKE_KEY'];
}
