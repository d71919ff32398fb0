import type { StreamReport } from './messages.ts';

/** An end as the stream of a partition tells it. */
export interface StreamEnd {
  readonly revision: number;
  readonly entryId: string;
  /** When the token expires by itself. */
  readonly expiresAtMs: number;
  /** How often it stands there: more than once only where Redis has completed half a step. */
  readonly times: number;
}

/** What Redis holds of one partition's feed. */
export interface PartitionTruth {
  readonly partition: number;
  readonly head: number;
  /** By token id, in hexadecimal without hyphens. */
  readonly ends: ReadonlyMap<string, StreamEnd>;
}

/** What expires so soon may be left out of a snapshot. */
const ABOUT_TO_EXPIRE_MS = 60_000;
const MOST_FAULTS = 5;

/**
 * Holds all that a subscriber has been told against the streams in Redis: each end that stands there,
 * under the same revision and entry, and none that does not.
 */
export function compareFeeds(
  { name, partitions }: StreamReport,
  truths: readonly PartitionTruth[],
): readonly string[] {
  const faults: string[] = [];
  for (const { partition, head, ends } of truths) {
    const told = partitions.find((each) => each.partition === partition);
    const known = new Map(told?.ended.map(([id, ...place]) => [id, place]));
    const revision = told?.revision ?? 0;
    if (revision !== head) faults.push(`partition ${partition} at ${revision}, not at ${head}`);
    for (const [id, end] of ends) {
      const stands = end.expiresAtMs > Date.now() + ABOUT_TO_EXPIRE_MS;
      if (stands && end.revision <= revision && !known.has(id)) {
        faults.push(`partition ${partition}: not told revision ${end.revision}, the end of ${id}`);
      }
    }
    for (const [id, [at, entryId, times]] of known) {
      const end = ends.get(id);
      if (!end) faults.push(`partition ${partition}: told the end of ${id}, which is not there`);
      else if (times > end.times) {
        faults.push(`partition ${partition}: told the end of ${id} ${times} times`);
      } else if (at !== 0 && (end.revision !== at || end.entryId !== entryId)) {
        faults.push(`partition ${partition}: told the end of ${id} at ${at}, not ${end.revision}`);
      }
    }
  }
  return faults.slice(0, MOST_FAULTS).map((fault) => `${name}: ${fault}`);
}
