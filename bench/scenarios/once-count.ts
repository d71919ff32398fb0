import type { Lab } from '../lab/lab.ts';
import { wholeSeconds } from '../load/wrk.ts';

/** More calls a second than any call that signs or writes is answered at. */
const AT_MOST_PER_SECOND = 24_000;

/** How many requests that are good for one use a measurement needs. */
export function onceCount({ options }: Lab): number {
  const { warmUpSeconds, rounds, seconds } = options;
  return AT_MOST_PER_SECOND * (wholeSeconds(warmUpSeconds) + rounds * wholeSeconds(seconds));
}
