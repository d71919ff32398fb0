import { parseArgs } from 'node:util';
import { printRun } from './print-run.ts';
import { runSchedule } from './run-schedule.ts';

const USAGE = `Runs random schedules over the protocol of leases and fences, on simulated clocks.

  --schedules N   how many (10000)
  --seed N        the first one; each has the next number (1)
  --steps         prints the steps of the first one, and runs no other

A schedule that breaks a rule is printed with its steps, and ends the run with 1.
`;

const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    steps: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const schedules = Number(values.schedules);
const first = Number(values.seed);
const PROGRESS = 10_000;

if (values.help || !Number.isSafeInteger(schedules) || !Number.isSafeInteger(first)) {
  console.log(USAGE);
  process.exitCode = values.help ? 0 : 2;
} else if (values.steps) {
  console.log(printRun(runSchedule(first, { keepSteps: true })));
} else {
  process.exitCode = simulate() ? 0 : 1;
}

function simulate(): boolean {
  let accepted = 0;
  let fenced = 0;
  for (let seed = first; seed < first + schedules; seed += 1) {
    const run = runSchedule(seed);
    accepted += run.accepted;
    fenced += run.fenced;
    if (run.violations.length > 0) {
      console.log(printRun(runSchedule(seed, { keepSteps: true })));
      return false;
    }
    const done = seed - first + 1;
    if (done % PROGRESS === 0 || done === schedules) {
      console.log(`${done} schedules: ${accepted} acceptances, ${fenced} fences, no violation`);
    }
  }
  return true;
}
