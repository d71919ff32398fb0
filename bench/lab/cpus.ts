import { availableParallelism } from 'node:os';
import { findExecutable } from '../../src/dev/find-executable.ts';

/** Which CPUs do what, as `taskset` lists. */
export interface Cpus {
  /** The server under test, alone. */
  readonly server: string;
  /** Redis and the load generator. */
  readonly load: string;
  readonly all: string;
  /** Whether processes really are pinned, and the server shares its CPU with nothing of the bench. */
  readonly separate: boolean;
}

/** The first CPU serves, all others carry Redis and the load. */
export function chooseCpus(count: number = availableParallelism()): Cpus {
  const pinned = findExecutable('taskset') !== undefined;
  const last = count - 1;
  const load = count === 1 ? '0' : last === 1 ? '1' : `1-${last}`;
  const all = count === 1 ? '0' : `0-${last}`;
  return { server: '0', load, all, separate: pinned && count > 1 };
}

/** Puts a command onto CPUs, if the machine can. */
export function onCpus(cpus: string, argv: readonly string[]): readonly string[] {
  return findExecutable('taskset') ? ['taskset', '--cpu-list', cpus, ...argv] : argv;
}
