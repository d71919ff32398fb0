/** One thing that is wrong with the configuration. Never holds a secret's value. */
export interface ConfigFault {
  /** The environment variable, or the file's key with the file's name. */
  readonly setting: string;
  /** What is wrong, as a predicate: `must be at most 24h`. */
  readonly fault: string;
  /** What is allowed; empty if the fault says it. */
  readonly allowed: string;
}

/** The configuration cannot be used. Names every fault, so that one round mends them all. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[]) {
    const lines = faults.map(({ setting, fault, allowed }) => {
      return `  ${setting} ${fault}${allowed && ` (allowed: ${allowed})`}`;
    });
    super(
      `The configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${lines.join('\n')}`,
    );
    this.faults = faults;
  }
}
