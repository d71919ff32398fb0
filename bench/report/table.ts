import { type Check, outcomeOf } from '../measure/check.ts';
import type { Figure, Spread } from '../measure/figure.ts';
import type { ProfileLine, ScenarioResult } from './results.ts';

export const CHECK_HEADER = ['claim', 'target', 'measured', 'by CPU time', ''];
export const FIGURE_HEADER = [
  'contender',
  'calls/s',
  'CPU µs/call',
  'p50 µs',
  'p99 µs',
  'p99.9 µs',
];

/** A target beside what was measured. */
export function checkRow(check: Check): string[] {
  const { claim, target, direction, unit, value, byCpu, skipped } = check;
  const sign = direction === 'at least' ? '≥' : '≤';
  const measured = value === undefined ? (skipped ?? '') : `${number(value)}${unit}`;
  const cpu = byCpu === undefined ? '' : `${number(byCpu)}${unit}`;
  return [claim, `${sign} ${number(target)}${unit}`, measured, cpu, outcomeOf(check)];
}

export function figureRow(figure: Figure): string[] {
  const range = ({ median, min, max }: Spread) =>
    max === 0 ? '' : `${number(median)} (${number(min)}–${number(max)})`;
  return [
    remarks(figure),
    range(figure.perSecond),
    range(figure.cpuUs),
    range(figure.p50Us),
    range(figure.p99Us),
    range(figure.p999Us),
  ];
}

/** A figure that should not be believed as it stands says so. */
function remarks({ name, busy, disturbed, failed }: Figure): string {
  const texts = [
    ...(busy < 0.9 ? [`its CPU was only ${percent(busy)} busy`] : []),
    ...(disturbed > 0.05 ? [`disturbed by others for ${percent(disturbed)}`] : []),
    ...(failed > 0 ? [`${failed} calls failed`] : []),
  ];
  return texts.length > 0 ? `${name} [${texts.join('; ')}]` : name;
}

/** The report of one scenario for a terminal. */
export function scenarioText(result: ScenarioResult): string {
  const { name, title, figures, checks, notes, profile, failed } = result;
  const parts = [`== ${name}: ${title}`];
  if (failed) parts.push(`not measured: ${failed}`);
  if (figures.length > 0) parts.push(columns([FIGURE_HEADER, ...figures.map(figureRow)]));
  if (checks.length > 0) parts.push(columns([CHECK_HEADER, ...checks.map(checkRow)]));
  parts.push(...notes);
  if (profile) {
    parts.push(`Where the server's time goes, by part:\n${shares(profile.parts)}`);
    parts.push(`By function, itself:\n${shares(profile.functions)}`);
  }
  return parts.join('\n');
}

function shares(lines: readonly ProfileLine[]): string {
  return lines.map(({ name, share }) => `  ${percent(share).padStart(6)}  ${name}`).join('\n');
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .map((line) => `  ${line.trimEnd()}`)
    .join('\n');
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** Three significant digits, or whole where there are more. */
export function number(value: number): string {
  const rounded = Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
  return rounded.toLocaleString('en');
}
