import type { StoreContext } from '../store/scripts/context.ts';
import { sweepPartition } from '../store/sessions/sweep.ts';

export interface SweeperOptions {
  /** Pause between two rounds over all partitions, in milliseconds. */
  readonly intervalMs: number;
  /** Sessions moved at most in one step, per partition: 1 to 256. */
  readonly batch: number;
  /** How long one step may take, in milliseconds. */
  readonly stepTimeoutMs: number;
  readonly onRound: (moved: { swept: number; pruned: number; failed: number }) => void;
}

export interface Sweeper {
  /** Goes once over all partitions, until nothing is due in any. */
  sweep(): Promise<{ swept: number; pruned: number; failed: number }>;
  /** Stops after the step under way. */
  stop(): Promise<void>;
}

/**
 * Moves expired sessions from the active to the revoked table, step by step, for as long as the
 * server runs. Every server of a deployment does it: the script decides who moves what, and each
 * round starts at another partition, so that they rarely meet.
 */
export function startSweeper(store: StoreContext, options: SweeperOptions): Sweeper {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let round: Promise<unknown> = Promise.resolve();

  async function sweep() {
    const total = { swept: 0, pruned: 0, failed: 0 };
    const { partitions } = store.keyspace;
    const start = Math.floor(Math.random() * partitions.length);
    for (let i = 0; i < partitions.length && !stopped; i++) {
      const partition = partitions[(start + i) % partitions.length];
      if (!partition) continue;
      try {
        let more = true;
        while (more && !stopped) {
          const deadline = { deadlineAtMs: performance.now() + options.stepTimeoutMs };
          const step = await sweepPartition(store, partition, options.batch, deadline);
          total.swept += step.swept;
          total.pruned += step.pruned;
          more = step.more && step.swept + step.pruned > 0;
        }
      } catch {
        total.failed += 1; // The store tells its own faults; the next round tries again.
      }
    }
    return total;
  }

  function schedule(): void {
    if (stopped) return;
    const pauseMs = options.intervalMs * (0.5 + Math.random());
    timer = setTimeout(() => {
      round = sweep().then(options.onRound).then(schedule);
    }, pauseMs).unref();
  }

  schedule();
  return {
    sweep,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await round;
    },
  };
}
