import { type FloodReport, runFlood } from './flood.ts';
import type { TopologyName } from './rig.ts';
import { type RollingReport, runRolling } from './rolling.ts';
import { runStopped, type StoppedReport } from './stopped.ts';

export const SCENARIOS = ['stopped', 'rolling', 'flood'] as const;
export type ScenarioName = (typeof SCENARIOS)[number];
export type ScenarioReport = StoppedReport | RollingReport | FloodReport;

export interface ScenarioOptions {
  readonly scenario: ScenarioName;
  readonly topology: TopologyName;
  /** How often Redis is stopped in each way, or servers are restarted; seconds of a flood. */
  readonly times: number;
}

export const DEFAULT_TIMES: Readonly<Record<ScenarioName, number>> = {
  stopped: 5,
  rolling: 50,
  flood: 30,
};

/** One fault under a steady load, and figures of what clients saw. */
export async function runScenario(options: ScenarioOptions): Promise<ScenarioReport[]> {
  const { scenario, topology, times } = options;
  if (scenario === 'stopped') return runStopped(topology, times);
  return [await (scenario === 'flood' ? runFlood : runRolling)(topology, times)];
}

/** A report as text. */
export function printScenario(report: ScenarioReport): string {
  const { violations } = report;
  const lines = linesOf(report);
  return [...lines, ...violations.map((violation) => `  VIOLATION ${violation}`)].join('\n');
}

function linesOf(report: ScenarioReport): string[] {
  const { topology, violations } = report;
  switch (report.scenario) {
    case 'stopped':
      return [
        `${topology}, every Redis ${report.how}, ${report.times} times: ${violations.length} violations`,
        `  ${report.callsWhileDown} calls while down, ${report.validWhileDown} valid`,
        `  noticed after ${report.noticedMs} ms; from then on p99 ${report.p99Ms} ms, worst ${report.worstMs} ms`,
        `  Redis back after ${report.redisMs} ms, all calls good ${report.recoveryMs} ms later, at the worst`,
      ];
    case 'rolling':
      return [
        `${topology}, ${report.restarts} rolling restarts in ${report.seconds} s: ${violations.length} violations`,
        `  ${report.calls} calls, ${report.sentAgain} sent again, ${total(report.failed)} failed`,
        ...Object.entries(report.refusals).map(([reason, times]) => `    ${times} × ${reason}`),
      ];
    case 'flood':
      return [
        `${topology}, strangers for ${report.seconds} s: ${violations.length} violations`,
        `  ${report.answered} batches of 1.9 MB answered, ${report.halfSent} half sent`,
        `  known callers: p99 ${report.p99BeforeMs} ms before, ${report.p99Ms} ms meanwhile`,
        ...(report.starved > 0
          ? [
              `  ${report.starved} of their calls failed because Redis or the server got no processor`,
            ]
          : []),
        `  the server: ${report.rssBeforeMib} MiB before, ${report.rssMib} MiB at the most`,
      ];
  }
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, times) => sum + times, 0);
}
