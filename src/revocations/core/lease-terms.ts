/** What all sides of a lease agree on. Clocks may be at different times, and run at nearly one rate. */
export interface LeaseTerms {
  /** How long an edge may answer by itself after it has asked for a lease, on its own clock. */
  readonly leaseMs: number;
  /**
   * How long a primary that has been replaced may still answer (`min-replicas-max-lag` + 1 s).
   * Infinity where nothing bounds it.
   */
  readonly deposedMs: number;
}

/**
 * How far a monotonic clock's rate may be off. NTP slews by at most half of it. An edge counts its
 * lease short by it, and whoever waits for a lease to be over waits longer by it.
 */
export const CLOCK_DRIFT = 1e-3;

/** How long to wait on one clock until so much has surely passed on every other. */
export function surelyMs(durationMs: number): number {
  return durationMs * (1 + CLOCK_DRIFT);
}
