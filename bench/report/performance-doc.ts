import { mkdirSync, writeFileSync } from 'node:fs';
import { outcomeOf } from '../measure/check.ts';
import { BOUNDS } from './bounds.ts';
import type { Results, ScenarioResult } from './results.ts';
import { renderPlot } from './svg-plot.ts';
import { CHECK_HEADER, checkRow, FIGURE_HEADER, figureRow, percent } from './table.ts';

const DOCS = new URL('../../docs/', import.meta.url);

/** Writes docs/PERFORMANCE.md and the plots that it shows. */
export function writePerformanceDocs(results: Results): void {
  mkdirSync(new URL('performance/', DOCS), { recursive: true });
  for (const plot of results.scenarios.flatMap(({ plots }) => plots)) {
    writeFileSync(new URL(`performance/${plot.name}.svg`, DOCS), renderPlot(plot));
  }
  writeFileSync(new URL('PERFORMANCE.md', DOCS), performanceDoc(results));
}

export function performanceDoc(results: Results): string {
  const { machine, command, startedAt, seconds, rounds, tls, scenarios } = results;
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  const checks = scenarios.flatMap(({ name, checks: each }) =>
    each.map((check) => [name, ...checkRow(check)]),
  );
  return `# Performance

<!-- Generated from the results of a run by bench/report/performance-doc.ts. Do not edit. -->

Every figure is a ratio to a ceiling or a peer that was measured in the same run, on the same CPU,
with the same TLS setting, in turn with it: absolute figures are worth little on another machine.

- **Command**: \`${command}\` at ${startedAt.slice(0, 16).replace('T', ' ')} UTC
- **Machine**: ${machine.cpu}, ${machine.cpuCount} CPUs, ${machine.memoryGiB} GiB, ${machine.kernel}
- **CPUs**: the server alone on CPU ${machine.cpus.server}; Redis (append-only file, fsync every second) and the load on CPU ${machine.cpus.load}
- **Versions**: ${versions.join(', ')}
- **Method**: ${rounds} interleaved rounds of ${seconds} s after a warm-up, ${tls ? 'TLS' : 'no TLS'}; medians, with the least and the most in brackets

## Targets

${table(['scenario', ...CHECK_HEADER], checks)}

\`SHORT\` marks what falls short of its target; a skipped row says why.

${scenarios.map(section).join('\n\n')}
`;
}

function section(scenario: ScenarioResult): string {
  const { name, title, figures, checks, plots, notes, profile, failed } = scenario;
  const parts = [`## ${name}`, `${title}.`];
  if (failed) parts.push(`Not measured: ${failed}`);
  if (figures.length > 0) parts.push(table(FIGURE_HEADER, figures.map(figureRow)));
  parts.push(...notes);
  const falls = checks.some((check) => outcomeOf(check) === 'SHORT');
  const bounds = BOUNDS[name];
  if (falls && bounds) parts.push(`**What bounds it.** ${bounds}`);
  parts.push(...plots.map((plot) => `![${plot.title}](performance/${plot.name}.svg)`));
  if (profile) {
    const rows = profile.parts.map((line) => [`\`${line.name}\``, percent(line.share)]);
    parts.push("Where the server's time goes:", table(['part', 'self time'], rows));
  }
  return parts.join('\n\n');
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(header), `|${header.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}
