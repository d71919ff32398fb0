import { join } from 'node:path';
import { type Lab, openLab } from './lab/lab.ts';
import { describeMachine } from './lab/machine.ts';
import { canServe, profileIn } from './lab/signum.ts';
import { provideTools } from './lab/tools.ts';
import type { BenchOptions } from './options.ts';
import { readProfile } from './report/read-profile.ts';
import type { Results, ScenarioResult, ServerProfile } from './report/results.ts';
import { scenarioText } from './report/table.ts';
import type { Findings, Scenario } from './scenario.ts';

const PROFILE_LINES = 40;

/** Runs scenarios one after the other; one that fails does not keep the others from running. */
export async function runBench(
  options: BenchOptions,
  scenarios: readonly Scenario[],
  command: string,
  log: (line: string) => void,
): Promise<Results> {
  const missing = provideTools(options.install, log);
  for (const text of missing.values()) log(`Rows that need it are skipped: ${text}`);
  const lab = await openLab(options, missing, log);
  try {
    const { cpus } = lab;
    log(`Server on CPU ${cpus.server}; Redis and load on CPU ${cpus.load}.`);
    if (!cpus.separate)
      log('The server cannot have a CPU of its own: no figure here is to be believed.');
    const results: ScenarioResult[] = [];
    const startedAt = new Date().toISOString();
    for (const scenario of scenarios) {
      log(`\n${scenario.name} ...`);
      const result = await runScenario(lab, scenario);
      results.push(result);
      log(scenarioText(result));
    }
    const { seconds, rounds, tls } = options;
    const machine = describeMachine(cpus);
    return { machine, command, startedAt, seconds, rounds, tls, scenarios: results };
  } finally {
    await lab.close();
  }
}

/** Runs one scenario; a fault becomes part of the result. */
export async function runScenario(lab: Lab, scenario: Scenario): Promise<ScenarioResult> {
  const { name, title } = scenario;
  const nothing = { name, title, figures: [], checks: [], plots: [], notes: [] };
  try {
    if (!canServe()) throw new Error('there is no server to measure');
    const findings = await scenario.run(lab);
    const { figures, checks, plots = [], notes = [] } = findings;
    const profile = await profileUnder(lab, name, findings);
    return { name, title, figures, checks, plots, notes, ...(profile && { profile }) };
  } catch (error) {
    return { ...nothing, failed: (error as Error).message };
  }
}

/** Puts the scenario's load on a server of its own that is being profiled. */
async function profileUnder(
  lab: Lab,
  name: string,
  { load }: Findings,
): Promise<ServerProfile | undefined> {
  const { cpuProf, seconds, warmUpSeconds } = lab.options;
  if (!cpuProf || !load) return undefined;
  const profileDir = join(cpuProf, `${name}-${Date.now()}`);
  const signum = await lab.startSignum({ profileDir });
  const contender = await load(signum);
  if (warmUpSeconds > 0) await contender.load(warmUpSeconds);
  await contender.load(seconds);
  await signum.stop();
  const file = profileIn(profileDir);
  return file ? readProfile(file, PROFILE_LINES) : undefined;
}
