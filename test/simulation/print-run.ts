import type { Run } from './run-schedule.ts';

/** A schedule for people: its seed, what it broke, and its steps up to there. */
export function printRun({ seed, steps, violations }: Run): string {
  const first = violations[0];
  const end = steps.findIndex((step) => step.includes('VIOLATION'));
  return [
    `Schedule ${seed}: ${first === undefined ? 'nothing broken' : `broke "${first.rule}"`}`,
    ...(end < 0 ? steps : steps.slice(0, end + 1)),
    `Again: npm run simulate -- --seed ${seed} --steps`,
  ].join('\n');
}
