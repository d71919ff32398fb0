import type { Deadline } from '../domain/call.ts';
import type { Durability } from '../domain/session.ts';
import { changeLeases, type LeaseTable, readLeases } from '../store/feed/lease-table.ts';
import type { Store } from '../store/store.ts';
import { createTableObserver } from './core/lease-table.ts';
import type { LeaseTerms } from './core/lease-terms.ts';
import { createSightings } from './core/sightings.ts';
import { createEdges, type Edges } from './edges.ts';
import { createFences, type Fences } from './fences.ts';
import { createHub, type Hub } from './hub.ts';
import { createPrimaries } from './primaries.ts';
import { createWatch, type Watch } from './watch.ts';
import { createSessionWatch, type SessionState, type SessionToWatch } from './watch-session.ts';

export interface RevocationsOptions {
  readonly store: Store;
  readonly terms: LeaseTerms;
  readonly newId: () => string;
  /** The public keys as they are now, as a JSON Web Key Set. */
  readonly jwks: () => string;
  /** How long a primary may take to answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Told, in a line, what keeps a primary from being heard. */
  readonly onFault: (problem: string) => void;
  /** Revocations that may wait for the edges at once. */
  readonly mostWaiting: number;
}

/** Who is told of what has ended, and who waits until it has been heard. */
export interface Revocations {
  readonly watch: Watch;
  readonly hub: Hub;
  readonly edges: Edges;
  readonly fences: Fences;
  /** Tells how it stands with a session until it has ended, or the signal aborts. */
  watchSession(session: SessionToWatch, ended: AbortSignal): AsyncGenerator<SessionState>;
  close(): Promise<void>;
}

const TABLE = 'table';
/** How often the primaries and the lease table are looked at, so that a fence knows them already. */
const SIGHT_MS = 2_000;
const TIMEOUT_MS = 1_000;

export function createRevocations(options: RevocationsOptions): Revocations {
  const { store, terms, newId, jwks, timeoutMs, mostWaiting } = options;
  const now = () => performance.now();
  const soon = () => ({ deadlineAtMs: now() + TIMEOUT_MS });
  const sightings = createSightings(terms);
  const observer = createTableObserver(terms);
  const primaries = createPrimaries(store, sightings, now);

  async function observed(reading: Promise<LeaseTable>): Promise<LeaseTable> {
    const table = await reading;
    const nowMs = now();
    sightings.seen(TABLE, table.name, nowMs);
    observer.observed(table.entries, nowMs);
    return table;
  }

  const hub = createHub({
    store,
    newId,
    timeoutMs,
    onFault: options.onFault,
    onAwaited: (partition, { event, history }) => {
      edges.awaited({ partition, revision: event.revision, primary: history });
    },
  });
  const edges = createEdges({
    server: newId(),
    leaseMs: terms.leaseMs,
    observer,
    change: (change) => observed(changeLeases(store, change, newId, soon())),
    vouch: () => hub.vouch(),
    now,
  });
  const watch = createWatch(hub, edges, jwks);
  const fences = createFences({
    ...{ terms, observer, primaries, now, mostWaiting },
    read: (durability: Durability, deadline: Deadline) =>
      observed(readLeases(store, newId, durability, deadline)),
    tableTrustedFromMs: () => sightings.trustedFromMs(TABLE),
  });

  const all = [...store.keyspace.partitions.keys()];
  const sight = async () => {
    await Promise.allSettled([
      primaries.sight(all, soon()),
      observed(changeLeases(store, {}, newId, soon())),
    ]);
    timer = setTimeout(sight, SIGHT_MS).unref();
  };
  let timer = setTimeout(sight, 0).unref();

  return {
    ...{ watch, hub, edges, fences },
    watchSession: createSessionWatch({ hub, store }),
    async close() {
      clearTimeout(timer);
      watch.close();
      hub.close();
      await edges.close();
    },
  };
}
