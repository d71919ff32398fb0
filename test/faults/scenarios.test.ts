import { expect, test } from 'vitest';
import { runRolling } from './checker/rolling.ts';
import { printScenario } from './checker/scenario.ts';
import { runStopped } from './checker/stopped.ts';

const TIMEOUT_MS = 120_000;

// How fast is measured by `npm run faults`: a busy machine would fail here for nothing.
test.each(['standalone', 'cluster'] as const)(
  'while every Redis is down no token is valid, each answer says when to try again, and it ends: %s',
  async (topology) => {
    for (const report of await runStopped(topology, 1)) {
      expect(report.callsWhileDown, printScenario(report)).toBeGreaterThan(0);
      expect(report.validWhileDown, printScenario(report)).toBe(0);
      expect(report.otherAnswers, printScenario(report)).toEqual({});
    }
  },
  TIMEOUT_MS,
);

test(
  'clients that go to the other server when one is unavailable see no restart',
  async () => {
    const report = await runRolling('standalone', 4);
    expect(report.failed, printScenario(report)).toEqual({});
    expect(report.sentAgain).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);
