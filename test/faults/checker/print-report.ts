import type { CheckReport } from './run-checker.ts';

/** One report as text: faults by kind, calls by outcome, recovery times, violations. */
export function printReport(report: CheckReport): string {
  const { violations, faults, outcomes } = report;
  const injected = Object.values(faults).reduce((sum, fault) => sum + fault.injected, 0);
  const title = `${report.topology}${report.mutant ? `, mutant ${report.mutant}` : ''}`;
  const lines = [
    `${title}: ${violations.length} violations, ${injected} faults in ${report.seconds} s, seed ${report.seed}`,
    `  ${report.calls} calls, ${report.validates} validates, ${report.validatesAfterEnd} of dead tokens, ${report.changes} changes checked for happening once`,
    `  latest answer ${report.worstOverrunMs} ms past its deadline, ${Math.max(0, report.worstOwnOverrunMs)} ms of it not the machine's doing`,
    ...edgesOf(report),
    '  faults:',
    ...Object.entries(faults).map(([name, { injected: times, outagesMs, recoveriesMs }]) => {
      const worst = (values: readonly number[]) => Math.round(Math.max(0, ...values));
      return `    ${times} × ${name}: outage at most ${worst(outagesMs)} ms, ${worst(recoveriesMs)} ms past its end`;
    }),
    '  calls:',
    ...Object.entries(outcomes)
      .sort(([, a], [, b]) => b - a)
      .map(([name, times]) => `    ${times} × ${name}`),
  ];
  for (const { rule, what, story } of violations.slice(0, 5)) {
    lines.push(`  VIOLATION ${rule}: ${what}`, ...story.map((line) => `    ${line}`));
  }
  if (violations.length > 0)
    lines.push(
      ...['  faults in order:', ...report.timeline.map((line) => `    ${line}`)],
      ...report.log.flatMap((log, i) => [
        `  server ${i} said at last:`,
        ...log
          .trim()
          .split('\n')
          .slice(-12)
          .map((line) => `    ${line}`),
      ]),
    );
  return lines.join('\n');
}

function edgesOf({ edges }: CheckReport): string[] {
  const { verdicts, byServer, fences, fencesSeen, events, endsChecked, resets } = edges;
  return [
    `  ${edges.edges} edges: ${verdicts} verdicts, ${byServer} of them by a server; ${fences} fences returned, ${fencesSeen} for tokens that an edge had accepted`,
    `  subscribers: ${events} events, ${resets} partitions begun anew, ${endsChecked} acknowledged ends found at the next checkpoint`,
    ...(edges.hasClocks ? [] : ['  no clock was set: it takes libfaketime']),
  ];
}
