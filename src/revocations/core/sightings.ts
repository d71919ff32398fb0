import { type LeaseTerms, surelyMs } from './lease-terms.ts';

/**
 * Since when this server has seen each primary and each lease table. What is young is on probation:
 * the primary before it may still be answering, and leases that it granted may still run.
 */
export interface Sightings {
  /** It has just been seen. `name` holds whatever tells histories apart. */
  seen(place: string, name: string, nowMs: number): void;
  /** When the probation of what is at a place is over; Infinity if it has never been seen. */
  trustedFromMs(place: string): number;
}

/**
 * `place` is where it stands (a partition's primary, the table), `name` what stands there: the
 * primary's address, run id and replication id, and the table's own id. A server that has just
 * started has seen nothing, and so trusts nothing yet.
 */
export function createSightings({ leaseMs, deposedMs }: LeaseTerms): Sightings {
  const sightings = new Map<string, { readonly name: string; readonly sinceMs: number }>();
  return {
    seen(place, name, nowMs) {
      if (sightings.get(place)?.name !== name) sightings.set(place, { name, sinceMs: nowMs });
    },
    trustedFromMs(place) {
      const sinceMs = sightings.get(place)?.sinceMs ?? Number.POSITIVE_INFINITY;
      return sinceMs + surelyMs(deposedMs + leaseMs);
    },
  };
}
