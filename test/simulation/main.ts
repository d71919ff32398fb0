import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { printRun } from './print-run.ts';
import { runBlock, runBlocks } from './run-blocks.ts';
import { runSchedule } from './run-schedule.ts';

const USAGE = `Runs random schedules over the protocol of leases and fences, on simulated clocks.

  --schedules N   how many (10000)
  --seed N        the first one; each has the next number (1)
  --workers N     processes that run them; default: as many as there are processors
  --steps         prints the steps of the first one, and runs no other

A schedule that breaks a rule is printed with its steps, and ends the run with 1.
`;

const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: String(availableParallelism()) },
    steps: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const [schedules, first, workers] = [values.schedules, values.seed, values.workers].map(Number) as [
  number,
  number,
  number,
];
const isUnderstood = [schedules, first, workers].every((each) => Number.isSafeInteger(each));
const PROGRESS = 10_000;

if (values.help || !isUnderstood || workers < 1) {
  console.log(USAGE);
  process.exitCode = values.help ? 0 : 2;
} else if (values.steps) {
  console.log(printRun(runSchedule(first, { keepSteps: true })));
} else {
  process.exitCode = (await simulate()) ? 0 : 1;
}

async function simulate(): Promise<boolean> {
  const startMs = performance.now();
  let [done, accepted, fenced] = [0, 0, 0];
  let broken: number | undefined;
  const seeds = { first, end: first + schedules };
  for await (const block of workers > 1 ? runBlocks(seeds, workers) : blocksHere(seeds)) {
    const before = done;
    done += block.ran;
    accepted += block.accepted;
    fenced += block.fenced;
    if (block.broken !== undefined) broken = Math.min(block.broken, broken ?? block.broken);
    const isDue = Math.floor(done / PROGRESS) > Math.floor(before / PROGRESS) || done === schedules;
    if (broken !== undefined || !isDue) continue;
    const perS = Math.round(done / ((performance.now() - startMs) / 1_000));
    console.log(
      `${done} of ${schedules} schedules from seed ${first}, ${perS}/s: ${accepted} acceptances, ${fenced} fences, no violation`,
    );
  }
  if (broken !== undefined) console.log(printRun(runSchedule(broken, { keepSteps: true })));
  return broken === undefined;
}

function* blocksHere({ first: from, end }: { readonly first: number; readonly end: number }) {
  for (let at = from; at < end; at += PROGRESS) {
    const block = runBlock(at, Math.min(end, at + PROGRESS));
    yield block;
    if (block.broken !== undefined) return;
  }
}
