import { refuseControl, shownName } from '../call/parameters.ts';
import { invalidField } from '../domain/errors.ts';
import type { AuthenticationRequirement } from '../domain/verdict.ts';

/** What a route asks of a token beyond being good. Requirements of several sources add up. */
export interface Requirements {
  /** Scopes that the token must all have. */
  readonly scopes: readonly string[];
  /** Audiences that the token must all name. */
  readonly audiences: readonly string[];
  /** How its user must have authenticated. */
  readonly authentication?: AuthenticationRequirement | undefined;
}

/** Headers in which a gateway says what it wants, if it cannot say so in a query. */
export const REQUIREMENT_HEADERS = {
  scope: 'x-signum-required-scope',
  acr_values: 'x-signum-required-acr-values',
  max_age: 'x-signum-required-max-age',
} as const;

export type RequirementHeader = (typeof REQUIREMENT_HEADERS)[keyof typeof REQUIREMENT_HEADERS];

const NO_REQUIREMENTS: Requirements = { scopes: [], audiences: [] };

/** RFC 6749 section 3.3. */
export const SCOPE_TOKEN = /^[\x21\x23-\x5B\x5D-\x7E]{1,128}$/;
const MAX_AUDIENCE_LENGTH = 256;

/** RFC 9470 section 3: seconds. */
const MAX_AGE = /^(?:0|[1-9]\d{0,9})$/;

/**
 * The requirements of a request: what the operator has set down, as pairs of name and value, and what
 * stands in headers. A client can send the headers too, and only makes it stricter: whatever they hold,
 * the token must have.
 * @throws INVALID_FIELD for a pair that says nothing Signum knows: passing over it would let in whom
 * the operator meant to keep out.
 */
export function readRequirements(
  pairs: Iterable<readonly [string, string]>,
  valuesOf: (header: RequirementHeader) => readonly string[],
): Requirements {
  const scopes: string[] = [];
  const audiences: string[] = [];
  const acrValues: (readonly string[])[] = [];
  const ages: number[] = [];
  for (const [name, value] of pairs) {
    switch (name) {
      case 'scope':
        scopes.push(...readWords(name, value));
        break;
      case 'audience':
        audiences.push(readAudience(value));
        break;
      case 'acr_values':
        acrValues.push(readWords(name, value));
        break;
      case 'max_age':
        ages.push(readMaxAge(value));
        break;
      default:
        throw invalidField(
          shownName(name, 'requirement'),
          'must be scope, audience, acr_values or max_age',
        );
    }
  }
  const partsOf = (header: RequirementHeader) => {
    const values = valuesOf(header);
    return values.length === 0 ? values : values.flatMap(splitHeader);
  };
  for (const part of partsOf(REQUIREMENT_HEADERS.scope)) scopes.push(...part.split(/ +/));
  for (const part of partsOf(REQUIREMENT_HEADERS.acr_values)) acrValues.push(part.split(/ +/));
  for (const part of partsOf(REQUIREMENT_HEADERS.max_age)) ages.push(ageOf(part));
  const authentication = addUp(acrValues, ages);
  if (scopes.length + audiences.length === 0 && authentication === undefined)
    return NO_REQUIREMENTS;
  return { scopes, audiences, ...(authentication && { authentication }) };
}

/** What meets all of them: a class that each names, and the least age. */
function addUp(
  acrValues: readonly (readonly string[])[],
  ages: readonly number[],
): AuthenticationRequirement | undefined {
  const [first, ...others] = acrValues;
  if (first === undefined && ages.length === 0) return undefined;
  return {
    acrValues: first?.filter((acr) => others.every((each) => each.includes(acr))),
    maxAgeS: ages.length === 0 ? undefined : Math.min(...ages),
  };
}

/** Proxies join headers that came twice by commas: what stands between two is a requirement of its own. */
function splitHeader(header: string): string[] {
  const parts = header.split(',').map((part) => part.trim());
  return parts.filter((part) => part !== '');
}

/** What is no age is met by none. */
function ageOf(text: string): number {
  return MAX_AGE.test(text) ? Number(text) : -1;
}

function readMaxAge(value: string): number {
  if (MAX_AGE.test(value)) return Number(value);
  throw invalidField('max_age', 'must be whole seconds');
}

function readWords(name: string, value: string): string[] {
  const words = value.split(' ');
  if (words.every((word) => SCOPE_TOKEN.test(word))) return words;
  throw invalidField(name, 'must be names separated by single spaces');
}

function readAudience(value: string): string {
  refuseControl(value, 'audience');
  if (value !== '' && value.length <= MAX_AUDIENCE_LENGTH) return value;
  throw invalidField('audience', `must be 1 to ${MAX_AUDIENCE_LENGTH} characters long`);
}
