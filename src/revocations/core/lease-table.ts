import { type LeaseTerms, surelyMs } from './lease-terms.ts';

/** A revision, and whose history it is of: the name of the primary that told it; see Sightings. */
export interface Acknowledged {
  readonly revision: number;
  readonly primary: string;
}

/** What a server has written into the lease table for all of its edges. */
export interface TableEntry {
  /** The server's incarnation: another one after each start. */
  readonly server: string;
  /** Changes with each registration, and with nothing else. */
  readonly registration: string;
  /** How many edges it speaks for. */
  readonly edges: number;
  /** Up to where all its edges have applied a partition, of those that somebody has waited for. */
  readonly acknowledged: ReadonlyMap<number, Acknowledged>;
}

/** Tells which entries have been left behind by servers that are gone. */
export interface TableObserver {
  observed(entries: readonly TableEntry[], nowMs: number): void;
  /** Whether every lease that was granted under this very entry is surely over. */
  isOver(entry: TableEntry, nowMs: number): boolean;
}

/**
 * Nothing in the table says when an entry ends, because no two clocks need agree. One that has stood
 * unchanged for a whole lease on the observer's own clock was written before that, and so were the
 * renewals granted under it sent.
 */
export function createTableObserver({ leaseMs }: Pick<LeaseTerms, 'leaseMs'>): TableObserver {
  let seen = new Map<string, { readonly registration: string; readonly sinceMs: number }>();
  return {
    observed(entries, nowMs) {
      seen = new Map(
        entries.map(({ server, registration }) => {
          const before = seen.get(server);
          const same = before?.registration === registration;
          return [server, same ? before : { registration, sinceMs: nowMs }];
        }),
      );
    },
    isOver({ server, registration }, nowMs) {
      const found = seen.get(server);
      return found?.registration === registration && nowMs - found.sinceMs > surelyMs(leaseMs);
    },
  };
}
