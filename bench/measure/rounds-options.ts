import type { Lab } from '../lab/lab.ts';
import type { RoundsOptions } from './rounds.ts';

export function roundsOptions({ options, cpus, log }: Lab): RoundsOptions {
  const { seconds, rounds, warmUpSeconds } = options;
  return { seconds, rounds, warmUpSeconds, serverCpu: Number(cpus.server), log };
}
