import type { Clock } from './clock.ts';

/** How far a monotonic clock's rate may be off: the lease is counted short by it. */
export const CLOCK_DRIFT = 1e-3;

/**
 * How far two clocks of the machine may move apart while a lease runs. More, and one of them stood
 * still (a suspended machine) or was set: the lease is void, because no clock can be believed.
 */
export const CLOCK_TOLERANCE_MS = 50;

/** For how long each partition may be answered for, by this edge's own clocks. */
export interface Lease {
  /** A renewal is about to be sent: what it grants is counted from now. */
  asked(renewal: number): void;
  /**
   * A checkpoint that answers a renewal has been applied; `covers` says for which partitions. Returns
   * when the renewal was asked for; undefined if it grants nothing.
   */
  granted(renewal: number, covers: (partition: number) => boolean): number | undefined;
  /** Whether a partition may be answered for, by the clocks as they were after every look-up. */
  holds(partition: number, clocks: ClockReadings): boolean;
  /** A partition may not be answered for until the next renewal. */
  lapse(partition: number): void;
  /** Nothing may be answered for, and nothing that was asked for so far counts. */
  lapseAll(): void;
  /** The connection has ended: answers to what was asked on it will not come. */
  disconnected(): void;
  /** Compares the clocks. False if they have moved apart: the lease is void then. */
  compareClocks(): boolean;
  /**
   * How old the oldest state is that is answered from; Infinity if nothing is. A token that ended
   * longer ago is not accepted.
   */
  stalenessMs(monotonicMs: number): number;
  /** Partitions that may be answered for. */
  held(monotonicMs: number): number;
}

/**
 * Readings of the clocks, one after another. The process may be stopped between any two: so what tells
 * of a sleep is the wall clock against the monotonic clock before it, and what ends a lease is the
 * monotonic clock after it, which is read last of all.
 */
export interface ClockReadings {
  readonly beforeMs: number;
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** When something was asked for. */
interface Asked {
  readonly monotonicMs: number;
  /** By how much the other clocks were ahead. */
  readonly wallAheadMs: number;
  readonly uptimeAheadMs: number;
}

export function createLease(terms: {
  readonly clock: Clock;
  readonly partitions: number;
  readonly leaseMs: number;
}): Lease {
  const { clock, partitions } = terms;
  const spanMs = terms.leaseMs * (1 - CLOCK_DRIFT);
  /** When the renewal that counts was asked for. */
  const sinceMs = new Float64Array(partitions).fill(Number.NEGATIVE_INFINITY);
  /** By how much the wall clock was ahead then. */
  const wallAheadMs = new Float64Array(partitions);
  const waiting = new Map<number, Asked>();
  let newest: Asked | undefined;

  /** The monotonic clock last: if the process is stopped in between, a sleep looks longer. */
  function readAsked(): Asked {
    const uptimeMs = clock.uptimeMs();
    const wallMs = clock.wallMs();
    const monotonicMs = clock.monotonicMs();
    return {
      monotonicMs,
      wallAheadMs: wallMs - monotonicMs,
      uptimeAheadMs: uptimeMs - monotonicMs,
    };
  }

  /** The monotonic clock first, for the same reason. */
  function movedApart({ wallAheadMs: wallThen, uptimeAheadMs: uptimeThen }: Asked): boolean {
    const monotonicMs = clock.monotonicMs();
    const wallMs = Math.abs(clock.wallMs() - monotonicMs - wallThen);
    const uptimeMs = Math.abs(clock.uptimeMs() - monotonicMs - uptimeThen);
    return wallMs > CLOCK_TOLERANCE_MS || uptimeMs > CLOCK_TOLERANCE_MS + clock.uptimeStepMs;
  }

  function lapseAll(): void {
    sinceMs.fill(Number.NEGATIVE_INFINITY);
    waiting.clear();
    newest = undefined;
  }

  return {
    asked(renewal) {
      waiting.set(renewal, readAsked());
    },
    granted(renewal, covers) {
      const asked = waiting.get(renewal);
      for (const earlier of waiting.keys()) if (earlier <= renewal) waiting.delete(earlier);
      if (asked === undefined) return undefined;
      if (movedApart(asked)) {
        lapseAll();
        return undefined;
      }
      newest = asked;
      for (let partition = 0; partition < partitions; partition += 1) {
        if (!covers(partition)) continue;
        sinceMs[partition] = asked.monotonicMs;
        wallAheadMs[partition] = asked.wallAheadMs;
      }
      return asked.monotonicMs;
    },
    holds(partition, { beforeMs, wallMs, monotonicMs }) {
      // Both are undefined beyond the last partition, and no comparison with that is true.
      const since = sinceMs[partition] as number;
      const movedMs = wallMs - beforeMs - (wallAheadMs[partition] as number);
      return (
        monotonicMs < since + spanMs &&
        movedMs <= CLOCK_TOLERANCE_MS &&
        movedMs >= -CLOCK_TOLERANCE_MS
      );
    },
    lapse(partition) {
      sinceMs[partition] = Number.NEGATIVE_INFINITY;
    },
    lapseAll,
    disconnected() {
      waiting.clear();
    },
    compareClocks() {
      if (newest === undefined || !movedApart(newest)) return true;
      lapseAll();
      return false;
    },
    stalenessMs(monotonicMs) {
      const oldest = sinceMs.reduce((least, since) => {
        return monotonicMs < since + spanMs ? Math.min(least, since) : least;
      }, Number.POSITIVE_INFINITY);
      return oldest === Number.POSITIVE_INFINITY ? oldest : monotonicMs - oldest;
    },
    held(monotonicMs) {
      return sinceMs.reduce((n, since) => (monotonicMs < since + spanMs ? n + 1 : n), 0);
    },
  };
}
