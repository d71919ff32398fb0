import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** Scenarios, or groups of them, to run; all when empty. */
  readonly scenarios: readonly string[];
  /** Where to write the results as JSON. */
  readonly json: string | undefined;
  /** How long each measurement takes, in seconds. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** Measurements of each contender, at least 3 for figures to be believed. */
  readonly rounds: number;
  readonly tls: boolean;
  /** Sessions of the memory and scale scenarios. */
  readonly sessions: number;
  /** Distinct live tokens that are validated in random order. */
  readonly tokens: number;
  /** Folder for CPU profiles of the server; none are taken when absent. */
  readonly cpuProf: string | undefined;
  /** Whether to write docs/PERFORMANCE.md from the results. */
  readonly docs: boolean;
  /** Whether to install tools that the machine lacks. */
  readonly install: boolean;
}

export const USAGE = `Usage: npm run bench -- [SCENARIO…] [options]

  --json FILE     write the results as JSON
  --seconds N     length of each measurement (default 5; wrk and h2load take whole seconds)
  --rounds N      measurements of each contender, interleaved (default 3)
  --warm-up N     seconds of load before the first round (default 3)
  --tls on|off    default on; the same for the server and everything it is held against
  --sessions N    sessions of memory and scale (default 1000000)
  --tokens N      distinct live tokens (default 100000)
  --cpu-prof DIR  profile the server in each scenario and print where its time goes
  --docs          write docs/PERFORMANCE.md and its plots from this run
  --no-install    use only what the machine has`;

/** Reads the command line. Throws an Error that says what is wrong. */
export function parseOptions(argv: readonly string[], known: readonly string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    allowNegative: true,
    options: {
      json: { type: 'string' },
      seconds: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '3' },
      'warm-up': { type: 'string', default: '3' },
      tls: { type: 'string', default: 'on' },
      sessions: { type: 'string', default: '1000000' },
      tokens: { type: 'string', default: '100000' },
      'cpu-prof': { type: 'string' },
      docs: { type: 'boolean', default: false },
      install: { type: 'boolean', default: true },
    },
  });
  const unknown = positionals.find((name) => !known.includes(name));
  if (unknown) throw new Error(`No scenario ${unknown}. Scenarios: ${known.join(', ')}`);
  if (values.tls !== 'on' && values.tls !== 'off') throw new Error('--tls must be on or off');
  return {
    scenarios: positionals,
    json: values.json,
    seconds: positive('seconds', values.seconds),
    warmUpSeconds: wholeNumber('warm-up', values['warm-up'], 0),
    rounds: wholeNumber('rounds', values.rounds),
    tls: values.tls === 'on',
    sessions: wholeNumber('sessions', values.sessions),
    tokens: wholeNumber('tokens', values.tokens),
    cpuProf: values['cpu-prof'],
    docs: values.docs,
    install: values.install,
  };
}

function wholeNumber(name: string, text: string, least = 1): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new Error(`--${name} must be a whole number of at least ${least}`);
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new Error(`--${name} must be a number above 0`);
}
