import type { RawConnection } from './raw-connection.ts';

/** What the loops of the replay client are given. */
export interface LoopOptions {
  readonly connections: readonly RawConnection[];
  readonly seconds: number;
  /** Undefined when there is none left; then the loop ends. */
  nextRequest(): Buffer | undefined;
}

/** What they have seen. */
export interface LoopResult {
  /** Answered with 200. */
  readonly calls: number;
  readonly failed: number;
  /** Of those calls whose latency counts. */
  readonly latenciesUs: Float64Array;
}
