import { expect, test } from 'vitest';
import { arrivals } from './arrivals.ts';

test('arrivals begin at once, come in order and end with the time', () => {
  const times = arrivals(10_000, 0.5, Math.random);
  expect(times[0]).toBe(0);
  expect(times.at(-1)).toBeLessThan(500);
  expect(times).toEqual(times.toSorted());
});

test('the time between arrivals is exponential with the rate as its inverse mean', () => {
  expect(arrivals(1_000, 0.003, () => 1 - Math.exp(-1))).toHaveLength(3);
  expect(arrivals(1_000, 0.003, () => 1 - Math.exp(-2))).toHaveLength(2);
});
