import { expect, test } from 'vitest';
import { createLosses } from './losses.ts';

const TERMS = { clockSkewMs: 500, failoverWindowMs: 3_000 };
const lossesOf = () => createLosses(() => TERMS);
const lossOf = (revision: number, timeMs: number, lost = 'a') => ({
  ...{ scope: { lost }, revision, timeMs },
});

test('every token may be lost that the primary before may have issued, by whichever clock', () => {
  const losses = lossesOf();
  losses.add(1, lossOf(7, 100_000), 0);
  expect(losses.isDoubtful(1, 103, 0)).toBe(true);
  expect(losses.isDoubtful(1, 104, 0)).toBe(false);
  expect(losses.isDoubtful(2, 103, 0)).toBe(false);
});

test('an answer confirms nothing that was asked for before the loss, or while the primary before may answer', () => {
  const losses = lossesOf();
  const before = losses.askedNow(1, 0);
  losses.add(1, lossOf(7, 100_000), 1_000);
  expect(losses.isDoubtful(1, 100, before)).toBe(true);
  expect(losses.askedNow(1, 4_000)).toBe(0);
  expect(losses.askedNow(1, 4_002.9)).toBe(0);
  expect(losses.isDoubtful(1, 100, losses.askedNow(1, 4_003.1))).toBe(false);
});

test('a loss that is told again is the same, and another one makes doubtful what was confirmed', () => {
  const losses = lossesOf();
  const loss = lossOf(7, 100_000);
  losses.add(1, loss, 0);
  const confirmed = losses.askedNow(1, 10_000);
  losses.add(1, loss, 10_000);
  expect(losses.isDoubtful(1, 100, confirmed)).toBe(false);
  // By the clock of the next primary it was earlier.
  losses.add(1, lossOf(7, 99_999), 20_000);
  expect(losses.isDoubtful(1, 100, confirmed)).toBe(true);
  const again = losses.askedNow(1, 30_000);
  expect(losses.isDoubtful(1, 100, again)).toBe(false);
  // Its clock may be so far behind that the moment is that of the entry before, for it as for the one after it.
  losses.add(1, lossOf(7, 99_999, 'b'), 40_000);
  expect(losses.isDoubtful(1, 100, again)).toBe(true);
});

test('however many losses there are, what the first of them may have taken stays doubtful', () => {
  const losses = lossesOf();
  losses.add(1, lossOf(1, 900_000), 0);
  const confirmed = losses.askedNow(1, 10_000);
  for (let i = 2; i < 100; i += 1) losses.add(1, lossOf(i, 100_000 + i), 10_000);
  expect(losses.isDoubtful(1, 899, confirmed)).toBe(true);
  expect(losses.isDoubtful(1, 899, losses.askedNow(1, 20_000))).toBe(false);
});

test('a loss is dropped when no token can be from it, and what is asked before all is forgotten confirms nothing', () => {
  const losses = lossesOf();
  losses.add(1, lossOf(7, 100_000), 0);
  losses.forgetBefore(103_500);
  expect(losses.isDoubtful(1, 103, 0)).toBe(true);
  losses.forgetBefore(103_501);
  expect(losses.isDoubtful(1, 103, 0)).toBe(false);
  const before = losses.askedNow(1, 10_000);
  losses.clear();
  losses.add(1, lossOf(8, 200_000), 10_000);
  expect(losses.isDoubtful(1, 200, before)).toBe(true);
});
