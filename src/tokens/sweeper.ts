import { setTimeout as sleep } from 'node:timers/promises';
import { createLock } from '../store/lock.ts';
import type { StoreContext } from '../store/scripts/context.ts';
import { type PartitionKeys, SHARED_KEYS } from '../store/scripts/keys.ts';
import { sweepPartition } from '../store/sessions/sweep.ts';

export interface SweeperOptions {
  /** What no other server calls itself. */
  readonly owner: string;
  /** The shortest pause between two looks at a partition, in milliseconds. */
  readonly intervalMs: number;
  /** Sessions moved at most in one step, per partition: 1 to 256. */
  readonly batch: number;
  /** How long one step may take, in milliseconds. */
  readonly stepTimeoutMs: number;
  readonly onRound: (moved: Moved) => void;
}

export interface Moved {
  readonly swept: number;
  readonly pruned: number;
  readonly failed: number;
}

export interface Sweeper {
  /** Stops after the step under way, and lets another server sweep at once. */
  stop(): Promise<void>;
}

/**
 * A partition in which nothing ends is looked at after so many intervals, or after so long for each
 * partition that there is. That is not put off until the end that is known to be next: a session that
 * begins later may end sooner. Nobody waits for sessions to be swept.
 */
const IDLE_INTERVALS = 16;
const IDLE_PER_PARTITION_MS = 60;
const LONGEST_IDLE_MS = 60_000;
/** A holder that is gone is replaced after so many intervals, or within these bounds. */
const LEASE_INTERVALS = 10;
const SHORTEST_LEASE_MS = 3_000;
const LONGEST_LEASE_MS = 30_000;

/**
 * Moves expired sessions from the active to the revoked table, step by step, for as long as the server
 * runs. One server of a deployment does it for all, the one with the lock; the others ask for it now
 * and then. Two that do it at once do no harm: the script decides who moves what.
 */
export function startSweeper(store: StoreContext, options: SweeperOptions): Sweeper {
  const { owner, intervalMs, stepTimeoutMs } = options;
  const ttlMs = between(LEASE_INTERVALS * intervalMs, SHORTEST_LEASE_MS, LONGEST_LEASE_MS);
  const lock = createLock(store.runner, { key: SHARED_KEYS.sweeper, owner, ttlMs });
  const { partitions } = store.keyspace;
  const patienceMs = Math.max(
    IDLE_INTERVALS * intervalMs,
    IDLE_PER_PARTITION_MS * partitions.length,
  );
  const idleMs = Math.max(intervalMs, Math.min(patienceMs, LONGEST_IDLE_MS));
  const soon = () => ({ deadlineAtMs: performance.now() + stepTimeoutMs });
  const ended = new AbortController();
  /** When each partition is worth a look, on the `performance.now()` time line. */
  const looks = new Map<PartitionKeys, number>();
  let heldAtMs = Number.NEGATIVE_INFINITY;

  const done = run();

  async function run(): Promise<void> {
    while (!ended.signal.aborted) {
      const isOurs = await hold();
      if (isOurs) options.onRound(await round());
      await pause(isOurs ? intervalMs : Math.max(intervalMs, ttlMs / 2));
    }
  }

  /** Asks no more often than the lock needs. */
  async function hold(): Promise<boolean> {
    if (performance.now() - heldAtMs < ttlMs / 3) return true;
    const sinceMs = performance.now();
    try {
      if (await lock.hold(soon())) {
        heldAtMs = sinceMs;
        return true;
      }
    } catch {
      // The store tells its own faults; whoever is heard first goes on.
    }
    looks.clear();
    return false;
  }

  async function round(): Promise<Moved> {
    const total = { swept: 0, pruned: 0, failed: 0 };
    for (const partition of partitions) {
      if (ended.signal.aborted) break;
      if (performance.now() < (looks.get(partition) ?? 0)) continue;
      try {
        const nextMs = await sweepWhole(partition, total);
        looks.set(partition, performance.now() + between(nextMs ?? idleMs, intervalMs, idleMs));
      } catch {
        total.failed += 1; // The next round tries again.
      }
    }
    return total;
  }

  /** Until nothing is due; returns when there will be. */
  async function sweepWhole(
    partition: PartitionKeys,
    total: { swept: number; pruned: number },
  ): Promise<number | undefined> {
    for (;;) {
      const step = await sweepPartition(store, partition, options.batch, soon());
      total.swept += step.swept;
      total.pruned += step.pruned;
      const goesOn = step.more && step.swept + step.pruned > 0 && !ended.signal.aborted;
      if (!goesOn) return step.nextMs;
    }
  }

  /** Half as long again or shorter, so that servers do not come all at once. */
  async function pause(ms: number): Promise<void> {
    const wait = { signal: ended.signal, ref: false };
    await sleep(ms * (0.5 + Math.random()), undefined, wait).catch(() => undefined);
  }

  return {
    async stop() {
      ended.abort();
      await done;
      if (heldAtMs > 0) await lock.release(soon()).catch(() => undefined);
    },
  };
}

function between(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
