import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, openLab } from './lab/lab.ts';
import { describeMachine } from './lab/machine.ts';
import { canServe } from './lab/signum.ts';
import { provideTools } from './lab/tools.ts';
import { parseOptions } from './options.ts';
import { performanceDoc } from './report/performance-doc.ts';
import type { ScenarioResult } from './report/results.ts';
import { renderPlot } from './report/svg-plot.ts';
import { runScenario } from './run-bench.ts';
import { choose, NAMES, SCENARIOS } from './scenarios/scenarios.ts';

// As short as each generator goes, and small: figures mean nothing here, only that there are some.
const SMALL = ['--seconds', '0.4', '--rounds', '1', '--warm-up', '0', '--no-install'];
const SIZES = ['--tokens', '100', '--sessions', '500'];
const options = parseOptions([...SMALL, ...SIZES], NAMES);
const results: ScenarioResult[] = [];

let lab: Lab;

beforeAll(async () => {
  lab = await openLab(
    options,
    provideTools(false, () => undefined),
    () => undefined,
  );
});

afterAll(() => lab.close());

test.runIf(canServe()).each(SCENARIOS)(
  'the scenario $name measures something or says what it lacks',
  async (scenario) => {
    const result = await runScenario(lab, scenario);
    results.push(result);
    expect(result.failed).toBeUndefined();
    for (const { value, skipped } of result.checks) {
      expect(skipped ?? value).toSatisfy((it) => typeof it === 'string' || Number.isFinite(it));
    }
    for (const { failed } of result.figures) expect(failed).toBe(0);
    for (const plot of result.plots) expect(renderPlot(plot)).toContain('<path');
  },
  120_000,
);

test('the document shows each target beside what was measured for it', () => {
  const doc = performanceDoc({
    machine: describeMachine(lab.cpus),
    command: 'npm run bench',
    startedAt: '2026-01-01T00:00:00.000Z',
    seconds: 1,
    rounds: 1,
    tls: true,
    scenarios: results,
  });
  for (const { claim } of results.flatMap(({ checks }) => checks)) expect(doc).toContain(claim);
});

test('an unknown scenario and a bad number are refused', () => {
  expect(() => parseOptions(['validate-htpp'], NAMES)).toThrow('validate-htpp');
  expect(() => parseOptions(['--seconds', 'a'], NAMES)).toThrow('--seconds');
  expect(() => parseOptions(['--tls', 'maybe'], NAMES)).toThrow('--tls');
});

test('scenarios can be chosen by name and by group', () => {
  const namesOf = (...chosen: string[]) =>
    choose(parseOptions(chosen, NAMES).scenarios).map(({ name }) => name);
  expect(namesOf()).toHaveLength(SCENARIOS.length);
  expect(namesOf('fence', 'issue')).toEqual(['fence', 'issue']);
  expect(namesOf('edge')).toContain('feed-fanout');
  expect(namesOf('edge')).not.toContain('issue');
});
