/** What a load generator saw. */
export interface LoadResult {
  readonly calls: number;
  /** Calls that were not answered with HTTP 200, and broken connections. */
  readonly failed: number;
  readonly seconds: number;
  /** Microseconds. */
  readonly latency: Latency;
  /** CPU time in milliseconds, from a contender that counts its own. */
  readonly cpuMs?: number;
}

export interface Latency {
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
}
