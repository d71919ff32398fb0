/**
 * When the calls of a Poisson process of `rate` calls a second are due, in milliseconds from its
 * start, in order. All made beforehand: a loop that watches the clock has better things to do.
 */
export function arrivals(rate: number, seconds: number, random: () => number): Float64Array {
  const times: number[] = [];
  const meanMs = 1_000 / rate;
  for (let at = 0; at < seconds * 1_000; at += -Math.log(1 - random()) * meanMs) times.push(at);
  return Float64Array.from(times);
}
