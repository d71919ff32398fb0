/** Something that the doctor found, and what mends it. */
export interface Finding {
  /**
   * `error`: a promise of the service does not hold. `warning`: it holds until something else goes
   * wrong. `note`: worth knowing, nothing is wrong.
   */
  readonly severity: 'error' | 'warning' | 'note';
  /** The setting, the listener or the kind of key. */
  readonly subject: string;
  readonly problem: string;
  /** What to do; empty for a note. */
  readonly fix: string;
  /** How many keys it concerns, and the first few of them. */
  readonly count?: number;
  readonly examples?: readonly string[];
}

/** What was looked at: an area of the examination, in words, and what was found. */
export interface Examination {
  readonly area: string;
  /** One line on what there is: `redis 7.4.1 at 10.0.0.7:6379, 2 replicas`. */
  readonly facts: readonly string[];
  readonly findings: readonly Finding[];
}

/** Whether the findings call for somebody: notes do not. */
export function isHealthy(findings: readonly Finding[]): boolean {
  return findings.every(({ severity }) => severity === 'note');
}
