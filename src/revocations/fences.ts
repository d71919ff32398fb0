import { setTimeout as sleep } from 'node:timers/promises';
import type { Deadline } from '../domain/call.ts';
import { SignumError } from '../domain/errors.ts';
import type { Durability, FencePlace, FenceReached } from '../domain/session.ts';
import type { LeaseTable } from '../store/feed/lease-table.ts';
import { createFence, type Fence } from './core/fence.ts';
import type { TableObserver } from './core/lease-table.ts';
import type { LeaseTerms } from './core/lease-terms.ts';
import type { Primaries } from './primaries.ts';

export interface Fences {
  /**
   * Waits until no edge can accept what was ended; the changes are committed.
   * @throws EDGES_UNCONFIRMED when the deadline comes first, OVERLOADED with too many that wait
   */
  wait(
    places: readonly FencePlace[],
    durability: Durability,
    deadline: Deadline,
  ): Promise<FenceReached>;
  /** How many wait. */
  readonly waiting: number;
}

export interface FencesOptions {
  readonly terms: LeaseTerms;
  readonly observer: TableObserver;
  readonly primaries: Primaries;
  /** Reads the lease table from a primary that is one; whoever reads it tells the observer. */
  read(durability: Durability, deadline: Deadline): Promise<LeaseTable>;
  /** When the probation of the table is over. */
  tableTrustedFromMs(): number;
  now(): number;
  /** How many may wait at once. */
  readonly mostWaiting: number;
}

const FIRST_POLL_MS = 4;
const LONGEST_POLL_MS = 20;
/** Left for the answer's way back. */
const MARGIN_MS = 20;

export function createFences(options: FencesOptions): Fences {
  const { terms, observer, primaries, read, tableTrustedFromMs, now, mostWaiting } = options;
  let waiting = 0;

  /** The primaries that hold the changes; asked again while they cannot be asked. */
  async function sight(places: readonly FencePlace[], deadline: Deadline, untilMs: number) {
    const partitions = places.map(({ partition }) => partition);
    for (;;) {
      try {
        return await primaries.sight(partitions, deadline);
      } catch {
        if (now() + LONGEST_POLL_MS >= untilMs) return new Map<number, string>();
        await sleep(LONGEST_POLL_MS);
      }
    }
  }

  async function look(fence: Fence, durability: Durability, deadline: Deadline): Promise<void> {
    try {
      const { entries } = await read(durability, deadline);
      fence.read({ entries, confirmed: true, trustedFromMs: tableTrustedFromMs() }, now());
    } catch {
      // Waiting for the leases needs no table.
    }
  }

  async function hold(
    places: readonly FencePlace[],
    durability: Durability,
    deadline: Deadline,
  ): Promise<FenceReached> {
    const knownMs = now();
    const untilMs = deadline.deadlineAtMs - MARGIN_MS;
    const names = await sight(places, deadline, untilMs);
    const commits = places.map((place) => {
      const primary = names.get(place.partition);
      // Who cannot be asked who it is may be another than before.
      const isKnown = primary !== undefined;
      const trustedFromMs = isKnown
        ? primaries.trustedFromMs(place.partition)
        : Number.POSITIVE_INFINITY;
      return { ...place, primary: primary ?? '', knownMs, primaryTrustedFromMs: trustedFromMs };
    });
    const fence = createFence(commits, terms, observer);
    for (let pauseMs = FIRST_POLL_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_POLL_MS)) {
      await look(fence, durability, deadline);
      const nowMs = now();
      const state = fence.state(nowMs);
      const waitedMs = nowMs - knownMs;
      if (state.state === 'CLOSED') {
        return { confirmed: state.confirmed, expired: state.expired, waitedMs };
      }
      if (nowMs >= untilMs) throw unconfirmed(state.missing, waitedMs, state.closesMs - nowMs);
      await sleep(Math.max(0, Math.min(pauseMs, untilMs - nowMs)));
    }
  }

  return {
    get waiting() {
      return waiting;
    },
    async wait(places, durability, deadline) {
      if (places.length === 0) return { confirmed: 0, expired: 0, waitedMs: 0 };
      if (waiting >= mostWaiting) {
        throw new SignumError(
          'EDGES_UNCONFIRMED',
          'applied, but too many revocations wait for the edges already',
          { metadata: { edges: '0', waited_ms: '0' }, retryAfterMs: terms.leaseMs },
        );
      }
      waiting += 1;
      try {
        return await hold(places, durability, deadline);
      } finally {
        waiting -= 1;
      }
    },
  };
}

function unconfirmed(edges: number, waitedMs: number, leftMs: number): SignumError {
  return new SignumError(
    'EDGES_UNCONFIRMED',
    'applied, but the deadline came before every edge had confirmed it or lost its lease',
    {
      metadata: { edges: String(edges), waited_ms: String(Math.round(waitedMs)) },
      ...(Number.isFinite(leftMs) && { retryAfterMs: Math.max(1, Math.ceil(leftMs)) }),
    },
  );
}
