import { CLOCK_DRIFT } from './lease.ts';
import type { LossMark } from './watermarks.ts';

/** What losses depend on that is the deployment's; durations in milliseconds. */
export interface LossTerms {
  /** How far the store's clocks may differ. */
  readonly clockSkewMs: number;
  /** How long a primary that has been replaced may go on answering. */
  readonly failoverWindowMs: number;
}

/**
 * What Redis may have lost: after a failover or a restart, sessions that were begun before it. Of such a
 * session no end is ever told. So its token is doubtful until the server has said, asked after the loss, that
 * the session is there; any later end of it is told.
 */
export interface Losses {
  /**
   * A loss is told. One that has been told before is the same; another makes doubtful again what had been
   * confirmed. What may have been lost stays so, whatever is told of its partition anew.
   */
  add(partition: number, mark: LossMark, monotonicMs: number): void;
  /** Whether a token may have been lost; `confirmed`: what the server's last answer about it confirms. */
  isDoubtful(partition: number, issuedAtS: number, confirmed: number): boolean;
  /**
   * What an answer confirms to a question that is asked now, 1 or more; 0: nothing. The primary before may go on
   * answering for a while, and knows sessions that are lost.
   */
  askedNow(partition: number, monotonicMs: number): number;
  /** Drops losses that no token can be from that was issued after a moment of the store's clock. */
  forgetBefore(timeMs: number): void;
  clear(): void;
}

interface Loss {
  /** Losses in the order in which they were told first, over all partitions. */
  readonly number: number;
  /** The moment, by the store's clock. */
  readonly timeMs: number;
  /** When it was told first, on the monotonic clock. */
  readonly toldMs: number;
}

/** Losses of a partition that are told apart. Of more, the oldest counts as part of the one after it. */
const MOST_LOSSES = 16;

export function createLosses(terms: () => LossTerms): Losses {
  /**
   * Of each partition, by the history that began, revision and moment. Any two of these may be the same of another
   * loss: entries of a stream have ids that never fall, so that a primary whose clock is behind gives its loss the
   * moment of the entry before, as another one may have done that it knows nothing of.
   */
  const partitions = new Map<number, Map<string, Loss>>();
  /** It never falls: what is asked before everything was forgotten confirms nothing of what is told then. */
  let told = 0;

  /** No token that may have been lost was issued after this, by any clock of the store. */
  function endMs({ timeMs }: Loss): number {
    const { clockSkewMs, failoverWindowMs } = terms();
    return timeMs + failoverWindowMs + clockSkewMs;
  }

  function join(losses: Map<string, Loss>): void {
    const [[oldest, before], [name, next]] = [...losses] as [[string, Loss], [string, Loss]];
    losses.delete(oldest);
    // It is there already, and so keeps its place.
    losses.set(name, { ...next, timeMs: Math.max(before.timeMs, next.timeMs) });
  }

  return {
    add(partition, { scope, revision, timeMs }, monotonicMs) {
      const losses = partitions.get(partition) ?? new Map<string, Loss>();
      partitions.set(partition, losses);
      const name = `${scope.lost} ${revision} ${timeMs}`;
      if (losses.has(name)) return;
      told += 1;
      losses.set(name, { number: told, timeMs, toldMs: monotonicMs });
      if (losses.size > MOST_LOSSES) join(losses);
    },
    isDoubtful(partition, issuedAtS, confirmed) {
      const losses = partitions.get(partition);
      if (losses === undefined) return false;
      for (const loss of losses.values()) {
        if (confirmed < loss.number && issuedAtS * 1_000 <= endMs(loss)) return true;
      }
      return false;
    },
    askedNow(partition, monotonicMs) {
      const spanMs = terms().failoverWindowMs * (1 + CLOCK_DRIFT);
      for (const { toldMs } of partitions.get(partition)?.values() ?? []) {
        if (monotonicMs - toldMs <= spanMs) return 0;
      }
      return told;
    },
    forgetBefore(timeMs) {
      for (const losses of partitions.values()) {
        for (const [name, loss] of losses) if (endMs(loss) < timeMs) losses.delete(name);
      }
    },
    clear: () => partitions.clear(),
  };
}
