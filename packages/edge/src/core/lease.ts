import type { Clock } from './clock.ts';

/** How far a monotonic clock's rate may be off: the lease is counted short by it. */
export const CLOCK_DRIFT = 1e-3;

/**
 * How far two clocks of the machine may move apart while a lease runs. More, and one of them stood
 * still (a suspended machine) or was set: the lease is void, because no clock can be believed. What is
 * within it may have been a short sleep, and is counted as time that has passed.
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
  /**
   * Whether a partition may be answered for, by the clocks as they were after every look-up; or could have
   * been `graceMs` ago at the latest. See {@link ClockReadings}.
   */
  holds(
    partition: number,
    beforeMs: number,
    wallMs: number,
    monotonicMs: number,
    graceMs: number,
  ): boolean;
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
  stalenessMs(graceMs?: number): number;
  /** Partitions that may be answered for. */
  held(): number;
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

  /** The monotonic clock last. */
  function readNow(): ClockReadings {
    const beforeMs = clock.monotonicMs();
    const wallMs = clock.wallMs();
    return { beforeMs, wallMs, monotonicMs: clock.monotonicMs() };
  }

  /**
   * How long ago the renewal that counts was asked for, by whichever clock says more; Infinity, or
   * not a number, where nothing counts.
   */
  function ageMs(partition: number, beforeMs: number, wallMs: number, monotonicMs: number): number {
    const movedMs = wallMs - beforeMs - (wallAheadMs[partition] as number);
    if (movedMs < -CLOCK_TOLERANCE_MS || movedMs > CLOCK_TOLERANCE_MS) {
      return Number.POSITIVE_INFINITY;
    }
    return monotonicMs - (sinceMs[partition] as number) + Math.max(0, movedMs);
  }

  function agesOfHeld(graceMs = 0): number[] {
    const { beforeMs, wallMs, monotonicMs } = readNow();
    return Array.from(sinceMs, (_, partition) =>
      ageMs(partition, beforeMs, wallMs, monotonicMs),
    ).filter((age) => age < spanMs + graceMs);
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
    // Beyond the last partition it is not a number, and no comparison with that is true.
    holds: (partition, beforeMs, wallMs, monotonicMs, graceMs) =>
      ageMs(partition, beforeMs, wallMs, monotonicMs) < spanMs + graceMs,
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
    stalenessMs(graceMs) {
      const ages = agesOfHeld(graceMs);
      return ages.length === 0 ? Number.POSITIVE_INFINITY : ages.reduce((a, b) => Math.max(a, b));
    },
    held: () => agesOfHeld().length,
  };
}
