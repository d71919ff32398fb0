import { printable } from '../output/display-width.ts';
import type { Styles } from '../output/output.ts';
import type { Examination, Finding } from './finding.ts';
import { isHealthy } from './finding.ts';

/** The examinations as they are told to a person: facts first, then what was found. */
export function reportText(examinations: readonly Examination[], styles: Styles): string[] {
  const findings = examinations.flatMap((each) => each.findings);
  return [
    ...examinations.flatMap(({ area, facts, findings: found }) => [
      styles.title(printable(area)),
      ...facts.map((fact) => `  ${printable(fact)}`),
      ...found.flatMap((finding) => findingText(finding, styles)),
      '',
    ]),
    isHealthy(findings) ? styles.good('Healthy.') : styles.bad(summary(findings)),
  ];
}

function findingText(finding: Finding, styles: Styles): string[] {
  const { severity, subject, problem, fix, count, examples = [] } = finding;
  const style = { error: styles.bad, warning: styles.warn, note: styles.dim }[severity];
  const times = count === undefined ? '' : ` (${count} ${count === 1 ? 'time' : 'times'})`;
  return [
    `  ${style(`${severity}:`)} ${subject}: ${printable(problem)}${times}`,
    ...examples.map((example) => `    ${printable(example)}`),
    ...(fix === '' ? [] : [`    → ${fix}`]),
  ];
}

function summary(findings: readonly Finding[]): string {
  const count = (severity: Finding['severity']) =>
    findings.filter((finding) => finding.severity === severity).length;
  const [errors, warnings] = [count('error'), count('warning')];
  const parts = [
    ...(errors === 0 ? [] : [`${errors} ${errors === 1 ? 'error' : 'errors'}`]),
    ...(warnings === 0 ? [] : [`${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`]),
  ];
  return `${parts.join(', ')}.`;
}
