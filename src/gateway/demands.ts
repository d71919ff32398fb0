import { invalidField } from '../domain/errors.ts';

/** What a route asks of a token beyond being good. Demands of several sources add up. */
export interface Demands {
  /** Scopes that the token must all have. */
  readonly scopes: readonly string[];
  /** Audiences that the token must all name. */
  readonly audiences: readonly string[];
}

/** The header in which a gateway says which scopes it wants, if it cannot say so in a query. */
export const SCOPE_HEADER = 'x-signum-required-scope';

const NO_DEMANDS: Demands = { scopes: [], audiences: [] };

/** RFC 6749 section 3.3. */
export const SCOPE_TOKEN = /^[\x21\x23-\x5B\x5D-\x7E]{1,128}$/;
const MAX_AUDIENCE_LENGTH = 256;

/**
 * The demands of a request: what the operator has set down, as pairs of name and value, and what
 * stands in headers. A client can send the header too, and only makes it stricter: whatever it holds,
 * the token must have.
 * @throws INVALID_FIELD for a pair that says nothing Signum knows: passing over it would let in whom
 * the operator meant to keep out.
 */
export function readDemands(
  pairs: Iterable<readonly [string, string]>,
  headers: readonly string[],
): Demands {
  const scopes: string[] = [];
  const audiences: string[] = [];
  for (const [name, value] of pairs) {
    if (name === 'scope') scopes.push(...readScopes(value));
    else if (name === 'audience') audiences.push(readAudience(value));
    else throw invalidField(nameOf(name), 'must be scope or audience');
  }
  for (const header of headers)
    scopes.push(...header.split(/[ ,]+/).filter((scope) => scope !== ''));
  return scopes.length + audiences.length === 0 ? NO_DEMANDS : { scopes, audiences };
}

function readScopes(value: string): string[] {
  const scopes = value.split(' ');
  if (scopes.every((scope) => SCOPE_TOKEN.test(scope))) return scopes;
  throw invalidField('scope', 'must be scopes separated by single spaces');
}

function readAudience(value: string): string {
  if (value !== '' && value.length <= MAX_AUDIENCE_LENGTH) return value;
  throw invalidField('audience', `must be 1 to ${MAX_AUDIENCE_LENGTH} characters long`);
}

/** The name as an error may show it. */
function nameOf(name: string): string {
  return /^[\w.-]{1,64}$/.test(name) ? name : 'demand';
}
