import type { Edge } from '@signum/edge';

/** For how long a look at the lease is good, in milliseconds. */
const LOOK_MS = 50;

/**
 * What every answer tells of how old the state is that the edge answers from, in whole milliseconds, rounded
 * up; nothing if it answers from none. The lease of every partition is looked at from time to time only: in
 * between the age can be less than what is told, never more.
 */
export function createStalenessTold(
  edge: Pick<Edge, 'staleness'>,
  now: () => number,
): () => Readonly<Record<string, string>> {
  let lookedMs = Number.NEGATIVE_INFINITY;
  let sinceMs = Number.NEGATIVE_INFINITY;
  return () => {
    const nowMs = now();
    if (nowMs - lookedMs > LOOK_MS) {
      sinceMs = nowMs - edge.staleness();
      lookedMs = nowMs;
    }
    const ageMs = Math.ceil(nowMs - sinceMs);
    return Number.isFinite(ageMs) ? { 'signum-staleness-ms': String(ageMs) } : {};
  };
}
