import type { Latency } from '../load/load-result.ts';

/** Percentiles of latencies in microseconds, by nearest rank. Sorts in place. */
export function latencyOf(latenciesUs: Float64Array): Latency {
  latenciesUs.sort();
  const at = (share: number) =>
    latenciesUs[Math.min(latenciesUs.length - 1, Math.ceil(share * latenciesUs.length) - 1)] ?? 0;
  return { p50Us: at(0.5), p99Us: at(0.99), p999Us: at(0.999) };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}
