import { readFileSync, writeFileSync } from 'node:fs';
import { MUTANTS, type Mutant } from './mutants.ts';
import type { CheckReport } from './run-checker.ts';
import type { ScenarioReport } from './scenario.ts';
import { SCENARIO_TITLES, scenarioSections } from './scenario-sections.ts';
import { table } from './table.ts';

const FILE = new URL('../../../docs/RELIABILITY.md', import.meta.url);
const BEGIN = '<!-- Written by `npm run faults -- --doc`: do not edit below. -->';
const ORDER = ['## Measured', ...Object.values(SCENARIO_TITLES), '## Mutants'];

/**
 * Writes the part of docs/RELIABILITY.md that tells what was measured: the sections that these
 * reports are about, and leaves the others as they were.
 */
export function writeReliability(
  reports: readonly CheckReport[],
  scenarios: readonly ScenarioReport[] = [],
): void {
  const text = readFileSync(FILE, 'utf8');
  const [kept = '', written = ''] = text.split(BEGIN);
  const runs = reports.filter(({ mutant }) => mutant === undefined);
  const hunts = reports.filter(({ mutant }) => mutant !== undefined);
  const fresh: readonly (readonly string[])[] = [
    ...(runs.length > 0 ? [measured(runs)] : []),
    ...scenarioSections(scenarios),
    ...(hunts.length > 0 ? [found(hunts)] : []),
  ];
  const sections = new Map<string, string>();
  const earlier = written.split(/^(?=## )/m).slice(1);
  for (const section of [...earlier, ...fresh.map((lines) => lines.join('\n'))]) {
    const body = section.trim();
    sections.set(body.slice(0, body.indexOf('\n')), body);
  }
  const ordered = ORDER.flatMap((title) => sections.get(title) ?? []);
  writeFileSync(FILE, `${kept}${[BEGIN, ...ordered].join('\n\n')}\n`);
}

function measured(reports: readonly CheckReport[]): string[] {
  const total = (of: (report: CheckReport) => number) =>
    reports.reduce((sum, report) => sum + of(report), 0);
  return [
    '',
    '## Measured',
    '',
    table(
      [
        'topology',
        'seed',
        'seconds',
        'faults',
        'calls',
        'validates of dead tokens',
        'violations',
        'latest past its deadline, ms',
      ],
      reports.map((report) => [
        report.topology,
        report.seed,
        report.seconds,
        injected(report),
        report.calls,
        report.validatesAfterEnd,
        report.violations.length,
        `${report.worstOverrunMs}, ${Math.max(0, report.worstOwnOverrunMs)} its own`,
      ]),
    ),
    '',
    table(
      [
        ...['topology', 'edges', 'verdicts of edges', 'by a server', 'fences returned'],
        ...['of tokens that an edge had accepted', 'events told', 'ends found at a checkpoint'],
        'partitions begun anew',
      ],
      reports.map(({ topology, edges }) => [
        ...[topology, edges.edges, edges.verdicts, edges.byServer, edges.fences],
        ...[edges.fencesSeen, edges.events, edges.endsChecked, edges.resets],
      ]),
    ),
    '',
    `In all ${total(injected)} faults, ${total(({ calls }) => calls)} calls and ${total(({ changes }) => changes)} changes that were each looked at for having happened once.`,
    ...reports.flatMap((report) => [
      '',
      `### ${report.topology}`,
      '',
      table(
        ['fault', 'times', 'longest outage, ms', 'longest past its end, ms'],
        Object.entries(report.faults).map(([name, fault]) => [
          name,
          fault.injected,
          worst(fault.outagesMs),
          worst(fault.recoveriesMs),
        ]),
      ),
      '',
      table(
        ['call and outcome', 'times'],
        Object.entries(report.outcomes).sort(([, a], [, b]) => b - a),
      ),
    ]),
  ];
}

function found(reports: readonly CheckReport[]): string[] {
  return [
    '',
    '## Mutants',
    '',
    table(
      ['mutant', 'what is broken', 'topology', 'found as'],
      reports.map(({ mutant, topology, violations }) => [
        mutant ?? '',
        of(mutant)?.why ?? '',
        topology,
        violations.find(({ rule }) => rule === of(mutant)?.breaks)?.rule ?? 'not found',
      ]),
    ),
  ];
}

function of(mutant: string | undefined): Mutant | undefined {
  return MUTANTS.find(({ name }) => name === mutant);
}

function injected({ faults }: CheckReport): number {
  return Object.values(faults).reduce((sum, fault) => sum + fault.injected, 0);
}

function worst(values: readonly number[]): number {
  return Math.round(Math.max(0, ...values));
}
