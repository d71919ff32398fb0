import type { LoadResult } from '../load/load-result.ts';
import { median } from './percentiles.ts';

/** One contender's load in one round. */
export interface Sample {
  readonly load: LoadResult;
  readonly perSecond: number;
  /** CPU time of the server per call, in microseconds. */
  readonly cpuUs: number;
  /** Share of the time that the server's process worked: below about 0.95 it was not the bound. */
  readonly busy: number;
  /** Share of its CPU that was taken by something else. */
  readonly disturbed: number;
}

/** The median of some rounds with its spread. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** What one contender reached over all rounds. */
export interface Figure {
  readonly name: string;
  readonly perSecond: Spread;
  readonly cpuUs: Spread;
  readonly p50Us: Spread;
  readonly p99Us: Spread;
  readonly p999Us: Spread;
  readonly busy: number;
  readonly disturbed: number;
  readonly failed: number;
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

export function figureOf(name: string, samples: readonly Sample[]): Figure {
  const of = (pick: (sample: Sample) => number) => spread(samples.map(pick));
  return {
    name,
    perSecond: of((sample) => sample.perSecond),
    cpuUs: of((sample) => sample.cpuUs),
    p50Us: of(({ load }) => load.latency.p50Us),
    p99Us: of(({ load }) => load.latency.p99Us),
    p999Us: of(({ load }) => load.latency.p999Us),
    busy: median(samples.map((sample) => sample.busy)),
    disturbed: Math.max(...samples.map((sample) => sample.disturbed)),
    failed: samples.reduce((sum, { load }) => sum + load.failed, 0),
  };
}
