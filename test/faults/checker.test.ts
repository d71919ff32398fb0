import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { MUTANTS, SMALL_OUTBOX } from './checker/mutants.ts';
import { printReport } from './checker/print-report.ts';
import { TOPOLOGIES } from './checker/rig.ts';
import { type CheckReport, runChecker } from './checker/run-checker.ts';

const DURATION_MS = 60_000;
const TIMEOUT_MS = 240_000;
/** Some that show soon, so that it is known that something would be found; the others take minutes. */
const QUICK = ['token-string-as-key', 'no-compare-and-set', 'fence-does-not-wait'];

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
    // There was something to find out: edges accepted, fences returned, ends were told.
    expect(report.edges.verdicts).toBeGreaterThan(report.edges.byServer);
    expect(report.edges.fencesSeen).toBeGreaterThan(0);
    expect(report.edges.endsChecked).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);

test.each([...MUTANTS, SMALL_OUTBOX])('the mutant $name fits what it changes', ({ changes }) => {
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
