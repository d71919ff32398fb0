import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { MUTANTS } from './mutants.ts';
import { printReport } from './print-report.ts';
import { writeReliability } from './reliability.ts';
import { TOPOLOGIES, type TopologyName } from './rig.ts';
import { type CheckReport, runChecker } from './run-checker.ts';
import {
  DEFAULT_TIMES,
  printScenario,
  runScenario,
  SCENARIOS,
  type ScenarioReport,
} from './scenario.ts';

const USAGE = `npm run faults -- [options]

Many clients against several servers while faults are injected; exits with 1 if a promise is broken.

  --topology NAME   ${TOPOLOGIES.join(', ')}; default: each in turn
  --minutes N       how long faults are injected, for each topology; default 1
  --seed S          repeats the choice of faults and calls; default: by the clock
  --fault NAME      only this kind of fault; may be given several times
  --mutants         breaks the service on purpose, in one way after another: each must be found
  --mutant NAME     only this one
  --scenario NAME   instead: stopped, every Redis is stopped and killed under load; rolling,
                    one of two servers after the other is restarted under load; or flood, strangers
                    send large messages, whole and half, while callers who are known go on
  --times N         how often; default ${DEFAULT_TIMES.stopped} in each way, ${DEFAULT_TIMES.rolling} restarts, or ${DEFAULT_TIMES.flood} s of a flood
  --json FILE       writes the reports
  --doc             writes their part of docs/RELIABILITY.md from them
`;

/** How long a mutant may live. */
const MUTANT_MS = 180_000;

const { values } = parseArgs({
  options: {
    topology: { type: 'string' },
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
    fault: { type: 'string', multiple: true },
    mutants: { type: 'boolean', default: false },
    mutant: { type: 'string' },
    scenario: { type: 'string' },
    times: { type: 'string' },
    json: { type: 'string' },
    doc: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const onProgress = (line: string) => console.log(line);

let unhandled = 0;
process.on('unhandledRejection', (error) => {
  unhandled += 1;
  console.error('unhandled rejection', error);
});

if (values.help) console.log(USAGE);
// Not by the exit code alone: connections to what was killed may linger for minutes.
else process.exit(await main());

async function main(): Promise<number> {
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  const reports: CheckReport[] = [];
  const scenarios: ScenarioReport[] = [];
  const note = (report: CheckReport) => {
    reports.push(report);
    console.log(printReport(report));
  };
  const isMutating = values.mutants || values.mutant !== undefined;
  let failed: boolean;
  if (values.scenario !== undefined) failed = await play(values.scenario, scenarios);
  else failed = isMutating ? await hunt(seed, note) : await check(seed, note);
  const all = [...reports, ...scenarios];
  if (values.json) writeFileSync(values.json, `${JSON.stringify(all, undefined, 2)}\n`);
  if (values.doc) writeReliability(reports, scenarios);
  return failed || unhandled > 0 ? 1 : 0;
}

function chosenTopologies(): readonly TopologyName[] {
  const topologies = TOPOLOGIES.filter((name) => name === (values.topology ?? name));
  if (topologies.length === 0) throw new Error(`no such topology: ${values.topology}`);
  return topologies;
}

async function play(name: string, reports: ScenarioReport[]): Promise<boolean> {
  const scenario = SCENARIOS.find((each) => each === name);
  if (!scenario) throw new Error(`no such scenario: ${name}`);
  const times = Number(values.times ?? DEFAULT_TIMES[scenario]);
  // A restart of a server is the same to clients whatever Redis there is.
  const topologies =
    scenario !== 'stopped' && !values.topology ? TOPOLOGIES.slice(0, 1) : chosenTopologies();
  for (const topology of topologies) {
    for (const report of await runScenario({ scenario, topology, times })) {
      console.log(printScenario(report));
      reports.push(report);
    }
  }
  return reports.some(({ violations }) => violations.length > 0);
}

async function check(seed: number, note: (report: CheckReport) => void): Promise<boolean> {
  const durationMs = Number(values.minutes) * 60_000;
  let failed = false;
  for (const topology of chosenTopologies()) {
    const report = await runChecker({ topology, durationMs, seed, only: values.fault, onProgress });
    failed ||= report.violations.length > 0;
    note(report);
  }
  return failed;
}

async function hunt(seed: number, note: (report: CheckReport) => void): Promise<boolean> {
  const mutants = MUTANTS.filter(({ name }) => name === (values.mutant ?? name));
  if (mutants.length === 0) throw new Error(`no such mutant: ${values.mutant}`);
  const survivors: string[] = [];
  for (const mutant of mutants) {
    const { topology } = mutant;
    // What is found in the feeds is found at the end.
    const durationMs = mutant.breaks === 'an effect twice' ? MUTANT_MS / 5 : MUTANT_MS;
    const report = await runChecker({ topology, durationMs, seed, mutant, onProgress });
    note(report);
    if (!report.violations.some(({ rule }) => rule === mutant.breaks)) survivors.push(mutant.name);
  }
  console.log(`${mutants.length - survivors.length} of ${mutants.length} mutants found`);
  if (survivors.length > 0) console.log(`Not found: ${survivors.join(', ')}`);
  return survivors.length > 0;
}
