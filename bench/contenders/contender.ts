import type { LoadResult } from '../load/load-result.ts';

/** Something that serves and can be put under load. */
export interface Contender {
  readonly name: string;
  /** The process whose CPU time counts. */
  readonly pid: number;
  /** Of processes that serve beside it, on the same CPU, whose time counts as well. */
  readonly otherPids?: readonly number[];
  /** What one request of the load stands for, where that is more than one call. */
  readonly callsPerRequest?: number;
  load(seconds: number): Promise<LoadResult>;
}
