import type { Lab } from '../lab/lab.ts';

/** More calls a second than any call that signs or writes is answered at. */
const AT_MOST_PER_SECOND = 14_000;

/** How many requests that are good for one use a measurement needs. */
export function onceCount({ options }: Lab): number {
  const seconds = options.warmUpSeconds + options.rounds * options.seconds;
  return Math.ceil(AT_MOST_PER_SECOND * seconds);
}
