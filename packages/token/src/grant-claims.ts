import type { JsonObject, JsonValue } from './claims.ts';
import { type Confirmation, readConfirmation } from './confirmation.ts';
import { isClientId } from './ids.ts';

/**
 * What the tokens of a session say beside to whom, where and when: the same over all refreshes. Whatever
 * reads, writes, stores or compares tokens goes by the formats below.
 */
export interface GrantClaims extends OptionalClaims {
  /** `scope`, split. */
  readonly scopes: readonly string[];
  /** `aud`, always a list here. */
  readonly audiences: readonly string[];
  /** Everything under a name that is not reserved. */
  readonly claims: JsonObject;
}

/** Claims that not every session has. */
export interface OptionalClaims {
  /** `client_id`: the OAuth client; absent in tokens of sessions that began before there was one. */
  readonly clientId?: string | undefined;
  /** `cnf`: the key that the tokens are bound to; absent for bearer tokens. */
  readonly confirmation?: Confirmation | undefined;
  /** `auth_time`: when the user has authenticated, seconds since the epoch (RFC 9068 section 2.2.1). */
  readonly authTime?: number | undefined;
  /** `acr`: the authentication context class that the user has met. */
  readonly acr?: string | undefined;
  /** `amr`: how the user has authenticated (RFC 8176); at least one method. */
  readonly amr?: readonly string[] | undefined;
}

/** How a claim stands in a token. */
interface ClaimFormat<T> {
  /** Its registered name. */
  readonly name: string;
  /** Undefined unless it is in the one form that Signum writes. */
  readonly read: (value: JsonValue) => T | undefined;
  readonly write: (value: T) => JsonValue;
  /** The form that nearly all of them have; absent: a token with this claim is an unusual one. */
  readonly usual?: {
    /** A regular expression for its JSON. The one group is what `read` is given. */
    readonly pattern: string;
    readonly read: (text: string) => T;
  };
}

/** Printable ASCII without blanks, quotes and backslashes (RFC 6749 appendix A.4). */
const WORD = String.raw`[\x21\x23-\x5B\x5D-\x7E]{1,256}`;
const ONE_WORD = new RegExp(`^${WORD}$`);

type Member = keyof OptionalClaims;

const FORMATS: { readonly [M in Member]-?: ClaimFormat<NonNullable<OptionalClaims[M]>> } = {
  clientId: {
    name: 'client_id',
    read: (value) => (isClientId(value) ? value : undefined),
    write: (clientId) => clientId,
    usual: { pattern: String.raw`"([\w.:/@~+-]{1,256})"`, read: (text) => text },
  },
  confirmation: {
    name: 'cnf',
    read: readConfirmation,
    write: ({ method, thumbprint }) => ({ [method]: thumbprint }),
  },
  authTime: {
    name: 'auth_time',
    read: (value) => (isInstant(value) ? value : undefined),
    write: (seconds) => seconds,
    usual: { pattern: String.raw`(0|[1-9]\d{0,14})`, read: Number },
  },
  acr: {
    name: 'acr',
    read: (value) => (isWord(value) ? value : undefined),
    write: (acr) => acr,
    usual: { pattern: `"(${WORD})"`, read: (text) => text },
  },
  amr: {
    name: 'amr',
    read: (value) => {
      return Array.isArray(value) && value.length > 0 && value.every(isWord) ? value : undefined;
    },
    write: (methods) => [...methods],
    usual: {
      pattern: String.raw`\["(${WORD}(?:","${WORD})*)"\]`,
      read: (text) => text.split('","'),
    },
  },
};

/** The optional claims in the order of tokens, each as if it could hold anything. */
export const OPTIONAL_CLAIMS = Object.entries(FORMATS).map(([member, format]) => {
  return { ...(format as ClaimFormat<unknown>), member: member as Member };
});

/** Claim names that a caller may not set (RFC 7519, RFC 9068 and Signum's own). */
export const RESERVED_CLAIMS: ReadonlySet<string> = new Set([
  ...['iss', 'aud', 'sub', 'tid', 'did', 'sid', 'jti', 'iat', 'nbf', 'exp', 'scope', 'gen', 'ati'],
  ...OPTIONAL_CLAIMS.map(({ name }) => name),
]);

/** Reads what an access token's payload says of its grant; undefined unless every claim is in its form. */
export function readGrantClaims(payload: JsonObject): GrantClaims | undefined {
  const audiences = readAudiences(payload['aud']);
  const scopes = readScopes(payload['scope']);
  if (audiences === undefined || scopes === undefined) return undefined;
  const optional: Record<string, unknown> = {};
  for (const { name, member, read } of OPTIONAL_CLAIMS) {
    const value = payload[name];
    if (value === undefined) continue;
    const claim = read(value);
    if (claim === undefined) return undefined;
    optional[member] = claim;
  }
  const claims = readCustom(payload);
  return { scopes, audiences, claims, ...(optional as OptionalClaims) };
}

/**
 * What follows the claims that every token has, in the order that `UsualPayloads` knows. Spreading
 * defines members, so that a custom claim named `__proto__` stays data.
 */
export function writeGrantClaims(grant: Omit<GrantClaims, 'audiences'>): JsonObject {
  const { scopes, claims } = grant;
  return {
    ...(scopes.length > 0 ? { scope: scopes.join(' ') } : {}),
    ...writeOptionalClaims(grant),
    ...claims,
  };
}

/** The optional claims that there are, by their names in the token. */
export function writeOptionalClaims(grant: OptionalClaims): JsonObject {
  const written: JsonObject = {};
  for (const { name, member, write } of OPTIONAL_CLAIMS) {
    const value = grant[member];
    if (value !== undefined) written[name] = write(value);
  }
  return written;
}

/** RFC 7519 section 4.1.3: one string, or a list of them. */
function readAudiences(aud: JsonValue | undefined): readonly string[] | undefined {
  const audiences = Array.isArray(aud) ? aud : [aud];
  return audiences.length > 0 && audiences.every(isNonEmptyString) ? audiences : undefined;
}

/** RFC 8693 section 4.2: names separated by single spaces. */
function readScopes(scope: JsonValue | undefined): readonly string[] | undefined {
  if (scope === undefined) return [];
  if (typeof scope !== 'string') return undefined;
  const scopes = scope.split(' ');
  return scopes.every(isNonEmptyString) ? scopes : undefined;
}

function isWord(value: unknown): value is string {
  return typeof value === 'string' && ONE_WORD.test(value);
}

/** Whether a claim is a NumericDate as Signum writes it: whole seconds, not before the epoch. */
export function isInstant(value: JsonValue | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isNonEmptyString(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** `Object.fromEntries` makes `__proto__` a plain member, as assignment would not. */
function readCustom(payload: JsonObject): JsonObject {
  const entries = Object.entries(payload).filter(([name]) => !RESERVED_CLAIMS.has(name));
  return Object.fromEntries(entries);
}
