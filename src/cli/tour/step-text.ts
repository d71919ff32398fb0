import { printable } from '../output/display-width.ts';
import type { Styles } from '../output/output.ts';
import type { StepReport } from './run-tour.ts';

const WIDTH = 96;
const INDENT = '    ';

/** A step as it is told to a person. */
export function stepText(report: StepReport, styles: Styles): string[] {
  const { good, bad, warn, dim, title } = styles;
  const { called = [], got = [], checks = [], note } = report;
  const mark = { passed: good('✓'), failed: bad('✗'), skipped: warn('-') }[report.status];
  return [
    `${mark} ${String(report.number).padStart(2)}. ${title(report.title)}`,
    ...wrap(report.why, WIDTH).map((line) => `${INDENT}${dim(line)}`),
    ...called.map((line) => `${INDENT}→ ${printable(line)}`),
    ...got.map((line) => `${INDENT}← ${printable(line)}`),
    ...checks.map(({ says, holds }) => `${INDENT}${holds ? good('✓') : bad('✗')} ${says}`),
    ...(note === undefined
      ? []
      : wrap(note, WIDTH).map((line) => `${INDENT}${warn(printable(line))}`)),
    '',
  ];
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + word.length >= width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, line];
}
