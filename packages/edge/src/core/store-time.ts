/**
 * What time it is for the store, whose clock alone decides when a token expires. A checkpoint carries
 * it: taken after the renewal was asked for, and before the checkpoint came.
 */
export interface StoreTime {
  /** A checkpoint came; what it answers was asked for at `askedMs`, on the monotonic clock. */
  told(timeMs: number, askedMs: number, cameMs: number): void;
  /** The latest that it can be, in milliseconds since the epoch; Infinity if nothing was told. */
  latestMs(monotonicMs: number): number;
  /** The earliest that it can be; -Infinity if nothing was told. */
  earliestMs(monotonicMs: number): number;
  clear(): void;
}

export function createStoreTime(): StoreTime {
  /** What is added to the monotonic clock. */
  let latestOffsetMs = Number.POSITIVE_INFINITY;
  let earliestOffsetMs = Number.NEGATIVE_INFINITY;
  return {
    told(timeMs, askedMs, cameMs) {
      latestOffsetMs = timeMs - askedMs;
      earliestOffsetMs = timeMs - cameMs;
    },
    latestMs: (monotonicMs) => monotonicMs + latestOffsetMs,
    earliestMs: (monotonicMs) => monotonicMs + earliestOffsetMs,
    clear() {
      latestOffsetMs = Number.POSITIVE_INFINITY;
      earliestOffsetMs = Number.NEGATIVE_INFINITY;
    },
  };
}
