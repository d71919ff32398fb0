import type { FloodReport } from './flood.ts';
import type { RollingReport } from './rolling.ts';
import type { ScenarioName, ScenarioReport } from './scenario.ts';
import type { StoppedReport } from './stopped.ts';
import { table } from './table.ts';

export const SCENARIO_TITLES: Readonly<Record<ScenarioName, string>> = {
  stopped: '## Every Redis stopped',
  rolling: '## Rolling restarts',
  flood: '## A flood of strangers',
};

/** The sections of docs/RELIABILITY.md on those scenarios that were played. */
export function scenarioSections(reports: readonly ScenarioReport[]): string[][] {
  const stopped = reports.filter((report) => report.scenario === 'stopped');
  const rolling = reports.filter((report) => report.scenario === 'rolling');
  const flood = reports.filter((report) => report.scenario === 'flood');
  return [
    ...(stopped.length > 0 ? [stoppedSection(stopped)] : []),
    ...(rolling.length > 0 ? [rollingSection(rolling)] : []),
    ...(flood.length > 0 ? [floodSection(flood)] : []),
  ];
}

function stoppedSection(reports: readonly StoppedReport[]): string[] {
  return [
    SCENARIO_TITLES.stopped,
    '',
    'All Redis servers at once, under a steady load on two Signum servers. Every answer meanwhile was',
    '`UNAVAILABLE`, `STORE_UNAVAILABLE` with RetryInfo, but for those counted as violations.',
    '',
    table(
      [
        'topology',
        'how',
        'times',
        'calls while down',
        'of them valid',
        'noticed after, ms',
        'then p99, ms',
        'worst, ms',
        'Redis back after, ms',
        'all calls good after that, ms',
        'violations',
      ],
      reports.map((report) => [
        report.topology,
        report.how,
        report.times,
        report.callsWhileDown,
        report.validWhileDown,
        report.noticedMs,
        report.p99Ms,
        report.worstMs,
        report.redisMs,
        report.recoveryMs,
        report.violations.length,
      ]),
    ),
  ];
}

function rollingSection(reports: readonly RollingReport[]): string[] {
  return [
    SCENARIO_TITLES.rolling,
    '',
    'One of two servers after the other gets a SIGTERM and is started again on its ports, under load.',
    'Clients send what is `UNAVAILABLE` (a connection refused or closed is that too) to the other server.',
    '',
    table(
      ['topology', 'restarts', 'seconds', 'calls', 'sent again', 'refused with', 'failed'],
      reports.map((report) => [
        report.topology,
        report.restarts,
        report.seconds,
        report.calls,
        report.sentAgain,
        Object.entries(report.refusals)
          .map(([reason, times]) => `${reason} ${times}`)
          .join(', ') || 'nothing',
        Object.values(report.failed).reduce((sum, times) => sum + times, 0),
      ]),
    ),
  ];
}

function floodSection(reports: readonly FloodReport[]): string[] {
  return [
    SCENARIO_TITLES.flood,
    '',
    'Strangers send batches of 1.9 MB to one server, four at a time whole and 200 half, while callers who',
    'are known go on at it. Whoever sends shares the machine with the server. Calls of theirs that failed while',
    'Redis or the server waited for a processor itself are counted apart.',
    '',
    table(
      [
        'topology',
        'seconds',
        'answered',
        'half sent',
        'p99 before, ms',
        'p99, ms',
        'no processor',
        'MiB before',
        'MiB',
      ],
      reports.map((report) => [
        report.topology,
        report.seconds,
        report.answered,
        report.halfSent,
        report.p99BeforeMs,
        report.p99Ms,
        report.starved,
        report.rssBeforeMib,
        report.rssMib,
      ]),
    ),
  ];
}
