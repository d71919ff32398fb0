import type { TableEntry, TableObserver } from './lease-table.ts';
import { type LeaseTerms, surelyMs } from './lease-terms.ts';

/** One change that no edge may contradict any more. */
export interface Commit {
  readonly partition: number;
  readonly revision: number;
  /** The name of the primary that committed it; see Sightings. */
  readonly primary: string;
  /** When this server knew that it was committed, as durably as configured. */
  readonly knownMs: number;
  /** When the probation of the primary that committed it is over; see Sightings. */
  readonly primaryTrustedFromMs: number;
}

/** A look at the lease table that began after the commits were known. */
export interface TableReading {
  readonly entries: readonly TableEntry[];
  /**
   * Whether the primary that was read is known to have been one after it was read: a write that
   * followed has been confirmed as the commits were.
   */
  readonly confirmed: boolean;
  /** When the probation of the table and its primary is over; see Sightings. */
  readonly trustedFromMs: number;
}

export type FenceState =
  /** No edge accepts what the commits ended: by whom that was confirmed, and whose leases ran out. */
  | { readonly state: 'CLOSED'; readonly confirmed: number; readonly expired: number }
  /** Not yet, and at the latest then; `missing` edges have not confirmed (0 where nobody knows). */
  | { readonly state: 'OPEN'; readonly closesMs: number; readonly missing: number };

/** Tells when a revocation is over at every edge. */
export interface Fence {
  /** The table was read: once after the commits, and as often as it changes from then on. */
  read(reading: TableReading, nowMs: number): void;
  state(nowMs: number): FenceState;
}

/**
 * All times are of one server's own monotonic clock. Waiting a whole lease from the commits on is
 * always enough, whatever the table says; it only makes it shorter. After a failover the primary
 * before may have vouched for leases for `deposedMs`, and so the wait is that much longer.
 */
export function createFence(
  commits: readonly Commit[],
  terms: LeaseTerms,
  observer: Pick<TableObserver, 'isOver'>,
): Fence {
  const closesMs = Math.max(...commits.map((commit) => latestMs(commit, terms)));
  const trusted = commits.every(({ knownMs, primaryTrustedFromMs }) => {
    return primaryTrustedFromMs <= knownMs;
  });
  /** Servers whose edges have not confirmed; undefined until a table that counts has been read. */
  let missing: Map<string, TableEntry> | undefined;
  let confirmed = 0;
  let expired = 0;

  function look(entries: readonly TableEntry[], nowMs: number): void {
    const now = new Map(entries.map((entry) => [entry.server, entry]));
    missing ??= now;
    for (const [server, first] of missing) {
      const entry = now.get(server);
      if (entry && acknowledges(entry, commits)) confirmed += entry.edges;
      // Its server has taken it out, or nobody stands behind it any more.
      else if (!entry || observer.isOver(first, nowMs)) expired += first.edges;
      else continue;
      missing.delete(server);
    }
  }

  return {
    read({ entries, confirmed: isPrimary, trustedFromMs }, nowMs) {
      if (trusted && isPrimary && trustedFromMs <= nowMs) look(entries, nowMs);
    },
    state(nowMs) {
      const left = [...(missing?.values() ?? [])].reduce((sum, { edges }) => sum + edges, 0);
      if (nowMs > closesMs) return { state: 'CLOSED', confirmed, expired: expired + left };
      if (missing?.size === 0) return { state: 'CLOSED', confirmed, expired };
      return { state: 'OPEN', closesMs, missing: left };
    },
  };
}

function latestMs({ knownMs, primaryTrustedFromMs }: Commit, { leaseMs }: LeaseTerms): number {
  return Math.max(knownMs + surelyMs(leaseMs), primaryTrustedFromMs);
}

function acknowledges({ acknowledged }: TableEntry, commits: readonly Commit[]): boolean {
  return commits.every(({ partition, revision, primary }) => {
    const found = acknowledged.get(partition);
    return found !== undefined && found.primary === primary && found.revision >= revision;
  });
}
