import { type LeaseTerms, surelyMs } from './lease-terms.ts';

/** A place in one partition's history that a fenced revocation waits for. */
export interface Awaited {
  readonly partition: number;
  readonly revision: number;
  /** Which history the revision is of: the name of the primary that told it; see Sightings. */
  readonly primary: string;
}

/** What one server knows of its edges: which may be answering by themselves, and what they hold. */
export interface LeaseBook {
  /** The edge asked for a lease: it counts from now until that lease is surely over. */
  renewed(edge: string, nowMs: number): void;
  /** An event that somebody waits for has come. Every edge that counts has yet to apply it. */
  awaited(event: Awaited, nowMs: number): void;
  /**
   * A response was sent that holds the partition's events up to a revision: the event itself, or the
   * last part of a snapshot.
   */
  told(edge: string, told: Told): void;
  /** The edge has applied every response up to this sequence. */
  applied(edge: string, sequence: number): void;
  /** Its connection has ended. It keeps its lease, and so it counts until that is over. */
  left(edge: string): void;
  /** What every edge that counts has applied; each place is told once. */
  takeAcknowledged(nowMs: number): readonly Awaited[];
  /** How many edges may be answering by themselves. */
  edges(nowMs: number): number;
}

/** What a response brings an edge to. */
export interface Told {
  readonly partition: number;
  readonly revision: number;
  /** The response's number on the edge's stream. */
  readonly sequence: number;
}

/** Not sent yet, or sent over a connection that is gone. */
const NOT_TOLD = Number.POSITIVE_INFINITY;

interface Open extends Awaited {
  /** The edges that have yet to apply it, and the response that holds it. */
  readonly missing: Map<string, number>;
  /** When nobody waits for it any more. */
  readonly untilMs: number;
}

/** All times are of the server's own monotonic clock. An edge is one connection of one edge. */
export function createLeaseBook({ leaseMs }: Pick<LeaseTerms, 'leaseMs'>): LeaseBook {
  /** Those that are over first come first. */
  const leases = new Map<string, number>();
  const open = new Set<Open>();

  function forget(nowMs: number): void {
    for (const [edge, untilMs] of leases) {
      if (untilMs > nowMs) break;
      leases.delete(edge);
      for (const { missing } of open) missing.delete(edge);
    }
    for (const event of open) if (event.untilMs <= nowMs) open.delete(event);
  }

  return {
    renewed(edge, nowMs) {
      // Counted from when it came: the edge itself counts from earlier.
      leases.delete(edge);
      leases.set(edge, nowMs + surelyMs(leaseMs));
    },
    awaited(event, nowMs) {
      forget(nowMs);
      const missing = new Map([...leases.keys()].map((edge) => [edge, NOT_TOLD]));
      open.add({ ...event, missing, untilMs: nowMs + 2 * surelyMs(leaseMs) });
    },
    told(edge, { partition, revision, sequence }) {
      for (const event of open) {
        if (event.partition !== partition || event.revision > revision) continue;
        if (event.missing.get(edge) === NOT_TOLD) event.missing.set(edge, sequence);
      }
    },
    applied(edge, sequence) {
      for (const { missing } of open) {
        const told = missing.get(edge);
        if (told !== undefined && told <= sequence) missing.delete(edge);
      }
    },
    left(edge) {
      for (const { missing } of open) if (missing.has(edge)) missing.set(edge, NOT_TOLD);
    },
    takeAcknowledged(nowMs) {
      forget(nowMs);
      const done = [...open].filter(({ missing }) => missing.size === 0);
      for (const event of done) open.delete(event);
      return done.map(({ partition, revision, primary }) => ({ partition, revision, primary }));
    },
    edges(nowMs) {
      forget(nowMs);
      return leases.size;
    },
  };
}
