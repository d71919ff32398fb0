import { expect, test } from 'vitest';
import { printRun } from './print-run.ts';
import { runSchedule } from './run-schedule.ts';

const SCHEDULES = 10_000;

test('no edge accepts what a fence has ended, whatever happens on the way', {
  timeout: 600_000,
}, () => {
  let accepted = 0;
  let fenced = 0;
  for (let seed = 1; seed <= SCHEDULES; seed += 1) {
    const run = runSchedule(seed);
    if (run.violations.length > 0) {
      expect.fail(printRun(runSchedule(seed, { keepSteps: true })));
    }
    accepted += run.accepted;
    fenced += run.fenced;
  }
  // Nothing would be broken either if nothing was accepted, or nothing waited for.
  expect(accepted).toBeGreaterThan(10 * SCHEDULES);
  expect(fenced).toBeGreaterThan(5 * SCHEDULES);
});

test('a seed is one schedule, step by step', () => {
  const [once, again] = [1, 2].map(() => runSchedule(7, { keepSteps: true }).steps);
  expect(once?.length).toBeGreaterThan(20);
  expect(again).toEqual(once);
});
