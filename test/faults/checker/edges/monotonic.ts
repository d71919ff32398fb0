const SAMPLES = 100;

/** CLOCK_MONOTONIC in milliseconds: one clock for all processes of a machine. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * By how much that is ahead of this process' `performance.now()`, or a little more, never less: so a
 * moment that another process tells is never taken for later than it was.
 */
const AHEAD_MS = Math.min(
  ...Array.from({ length: SAMPLES }, () => {
    const ownMs = performance.now();
    return monotonicMs() - ownMs;
  }),
);

/** What `performance.now()` was here at a moment of the machine's clock, or a little before. */
export function ownMs(machineMs: number): number {
  return machineMs - AHEAD_MS;
}
