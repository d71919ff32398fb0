import type { EdgeOptions } from './edge.ts';
import { EdgeError } from './edge-error.ts';

type Rule = readonly [isGood: (value: unknown) => boolean, must: string];

const MOST_TOKENS = 2 ** 24;
const MOST_MS = 2_147_483_647;
const MOST_STALE_MS = 86_400_000;
const MAX_AUDIENCE_LENGTH = 256;

const isText = (value: unknown): value is string => typeof value === 'string';
const isList = (value: unknown): value is unknown[] => Array.isArray(value);

/** Whole numbers. */
function between(least: number, most: number): Rule {
  const isGood = (value: unknown) =>
    Number.isInteger(value) && Number(value) >= least && Number(value) <= most;
  return [isGood, `be ${least} to ${most}`];
}

function oneOf(...values: readonly string[]): Rule {
  return [(value) => isText(value) && values.includes(value), `be ${values.join(' or ')}`];
}

const REQUIRED = ['address', 'credentials'];
const FUNCTION: Rule = [(value) => typeof value === 'function', 'be a function'];

/** Of each option what it must be; addresses and credentials are looked at where they are used. */
const RULES: Readonly<Record<keyof EdgeOptions, Rule>> = {
  address: [
    (value) => isText(value) || (isList(value) && value.every(isText)),
    'be a URL, or a list of such',
  ],
  credentials: [(value) => typeof value === 'object' && value !== null, 'be an object'],
  audience: [
    (value) => isText(value) && value !== '' && value.length <= MAX_AUDIENCE_LENGTH,
    `be 1 to ${MAX_AUDIENCE_LENGTH} characters`,
  ],
  tenantIds: [(value) => isList(value) && value.every(isText), 'be a list of tenants'],
  maxTokens: between(1, MOST_TOKENS),
  maxWaiting: between(1, MOST_TOKENS),
  askTimeoutMs: between(1, MOST_MS),
  waitMs: between(0, MOST_MS),
  onStale: oneOf('DENY', 'ACCEPT'),
  staleForMs: between(1, MOST_STALE_MS),
  proofReplay: oneOf('SERVER', 'EDGE'),
  proofLifetimeMs: between(1, MOST_MS),
  shadow: [(value) => typeof value === 'boolean', 'be true or false'],
  onError: FUNCTION,
};

/**
 * An option that is passed over would let in whom it was to keep out. Accepting what may have ended is
 * never anybody's default, and never without an end.
 *
 * @throws EdgeError OPTIONS; it says which one, and the rule
 */
export function checkOptions(options: EdgeOptions): void {
  for (const name of new Set([...REQUIRED, ...Object.keys(options)])) {
    const value = options[name as keyof EdgeOptions];
    const [isGood, must] = Object.hasOwn(RULES, name) ? RULES[name as keyof EdgeOptions] : [];
    if (isGood === undefined) {
      throw refused(`\`${name}\` is no option: ${Object.keys(RULES).join(', ')} are`);
    }
    const isAbsent = value === undefined && !REQUIRED.includes(name);
    if (!isAbsent && !isGood(value)) throw refused(`\`${name}\` must ${must}`);
  }
  const { onStale, staleForMs } = options;
  if ((onStale === 'ACCEPT') !== (staleForMs !== undefined)) {
    throw refused('`staleForMs` goes with `onStale: ACCEPT`, which needs it');
  }
}

function refused(problem: string): EdgeError {
  return new EdgeError('OPTIONS', problem);
}
