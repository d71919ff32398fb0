import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { MUTANTS } from './checker/mutants.ts';
import { printReport } from './checker/print-report.ts';
import { TOPOLOGIES } from './checker/rig.ts';
import { type CheckReport, runChecker } from './checker/run-checker.ts';

const DURATION_MS = 60_000;
const TIMEOUT_MS = 240_000;
/** Two that show soon, so that it is known that something would be found; the others take minutes. */
const QUICK = ['token-string-as-key', 'no-compare-and-set'];

function expectKept(report: CheckReport): void {
  expect(report.violations, printReport(report)).toEqual([]);
}

test.each(TOPOLOGIES)(
  'no promise is broken while faults are injected: %s',
  async (topology) => {
    const report = await runChecker({ topology, durationMs: DURATION_MS, seed: 1 });
    expectKept(report);
    expect(report.validatesAfterEnd).toBeGreaterThan(0);
    expect(Object.keys(report.faults).length).toBeGreaterThan(1);
  },
  TIMEOUT_MS,
);

test.each(MUTANTS)('the mutant $name fits what it changes', ({ changes }) => {
  for (const { file, find } of changes) {
    const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
    expect(text.includes(find), `${file}: ${find}`).toBe(true);
  }
});

test.each(MUTANTS.filter(({ name }) => QUICK.includes(name)))(
  'it is found when $why',
  async (mutant) => {
    const { topology } = mutant;
    const report = await runChecker({ topology, durationMs: DURATION_MS, seed: 1, mutant });
    const rules = report.violations.map(({ rule }) => rule);
    expect(rules, printReport(report)).toContain(mutant.breaks);
  },
  TIMEOUT_MS,
);
