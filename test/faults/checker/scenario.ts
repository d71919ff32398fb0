import type { TopologyName } from './rig.ts';
import { type RollingReport, runRolling } from './rolling.ts';
import { runStopped, type StoppedReport } from './stopped.ts';

export const SCENARIOS = ['stopped', 'rolling'] as const;
export type ScenarioName = (typeof SCENARIOS)[number];
export type ScenarioReport = StoppedReport | RollingReport;

export interface ScenarioOptions {
  readonly scenario: ScenarioName;
  readonly topology: TopologyName;
  /** How often Redis is stopped in each way, or servers are restarted. */
  readonly times: number;
}

export const DEFAULT_TIMES: Readonly<Record<ScenarioName, number>> = { stopped: 5, rolling: 50 };

/** One fault under a steady load, and figures of what clients saw. */
export async function runScenario(options: ScenarioOptions): Promise<ScenarioReport[]> {
  const { scenario, topology, times } = options;
  if (scenario === 'stopped') return runStopped(topology, times);
  return [await runRolling(topology, times)];
}

/** A report as text. */
export function printScenario(report: ScenarioReport): string {
  const { topology, violations } = report;
  const lines =
    report.scenario === 'stopped'
      ? [
          `${topology}, every Redis ${report.how}, ${report.times} times: ${violations.length} violations`,
          `  ${report.callsWhileDown} calls while down, ${report.validWhileDown} valid`,
          `  noticed after ${report.noticedMs} ms; from then on p99 ${report.p99Ms} ms, worst ${report.worstMs} ms`,
          `  Redis back after ${report.redisMs} ms, all calls good ${report.recoveryMs} ms later, at the worst`,
        ]
      : [
          `${topology}, ${report.restarts} rolling restarts in ${report.seconds} s: ${violations.length} violations`,
          `  ${report.calls} calls, ${report.sentAgain} sent again, ${total(report.failed)} failed`,
          ...Object.entries(report.refusals).map(([reason, times]) => `    ${times} × ${reason}`),
        ];
  return [...lines, ...violations.map((violation) => `  VIOLATION ${violation}`)].join('\n');
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, times) => sum + times, 0);
}
