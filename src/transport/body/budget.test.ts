import { expect, test } from 'vitest';
import { createBodyBudget } from './budget.ts';

const MIB = 1024 * 1024;
const overloaded = expect.objectContaining({ reason: 'OVERLOADED' });

test('what strangers send half leaves room for callers who are known', () => {
  const budget = createBodyBudget();
  budget.take(16 * MIB, true);
  expect(() => budget.take(1, true)).toThrow(overloaded);
  budget.take(48 * MIB, false);
  expect(() => budget.take(1, false)).toThrow(overloaded);
});

test('what is given back can be taken again', () => {
  const budget = createBodyBudget();
  budget.take(64 * MIB, false);
  budget.give(MIB, false);
  budget.take(MIB, true);
  expect(() => budget.take(1, false)).toThrow(overloaded);
});
