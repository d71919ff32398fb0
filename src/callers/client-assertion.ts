import {
  type Compact,
  decodeSegment,
  type JsonObject,
  type JsonValue,
  readJsonObject,
  readProofKey,
  splitCompact,
  verifySignature,
} from '@signum/token';
import type { Deadline } from '../domain/call.ts';
import type { ServiceCaller } from '../domain/caller.ts';
import { SignumError } from '../domain/errors.ts';
import type { KnownClient } from './caller-index.ts';
import type { CallerRegistry } from './registry.ts';

/** An assertion whose signature and claims are right: it holds once, and only in this time. */
export interface AssertionUse {
  readonly callerName: string;
  /** `jti` */
  readonly assertionId: string;
  /** Seconds since the epoch. */
  readonly fromS: number;
  /** Seconds since the epoch. */
  readonly untilS: number;
}

export interface AssertionDeps {
  readonly registry: Pick<CallerRegistry, 'findClient'>;
  /** Any one of them, as the only audience. */
  readonly audiences: readonly string[];
  /** How far clients' clocks may be ahead, in seconds. */
  readonly skewS: number;
  /** Uses it up, at all servers. Rejects as the store does. */
  readonly useOnce: (
    use: AssertionUse,
    deadline: Deadline,
  ) => Promise<'FRESH' | 'REPLAYED' | 'OUTSIDE'>;
}

/**
 * The caller that a client assertion is of (RFC 7523 sections 2.2 and 3).
 * @param clientId who the client says it is besides; has to be the same
 * @throws CREDENTIAL_INVALID, STORE_UNAVAILABLE, as does the promise
 */
export type CheckAssertion = (
  assertion: string,
  clientId: string | undefined,
  deadline: Deadline,
) => Promise<ServiceCaller>;

/**
 * The values of `typ` of client assertions, in lower case: none, the usual one, and the one that keeps them
 * apart from other tokens by the same key (draft-ietf-oauth-rfc7523bis).
 */
const TYPES: readonly JsonValue[] = [
  'jwt',
  'client-authentication+jwt',
  'application/client-authentication+jwt',
];

/** How long one holds at most, in seconds: for as long it is remembered. */
const MAX_AGE_S = 300;
const MAX_ID_LENGTH = 256;

/** Makes the check. Whoever holds no key of a caller causes no more than one verification. */
export function createAssertionCheck(deps: AssertionDeps): CheckAssertion {
  return async (assertion, clientId, deadline) => {
    const compact = splitCompact(assertion) ?? invalid();
    const claims = readObject(compact.payload);
    const { iss: name } = claims;
    const client = typeof name === 'string' ? deps.registry.findClient(name) : undefined;
    if (client === undefined || client.disabled) return invalid();
    if (!isSignedBy(client, assertion, compact)) return invalid();
    // Who holds the key may be told what is wrong.
    const use = readClaims(claims, client.caller.name, deps);
    if (clientId !== undefined && clientId !== client.caller.name) {
      throw refused('client_id is another client');
    }
    const outcome = await deps.useOnce(use, deadline);
    if (outcome === 'REPLAYED') throw refused('client_assertion: its jti has been used');
    if (outcome === 'OUTSIDE') {
      throw refused(`client_assertion: must be presented within ${MAX_AGE_S} s, before its exp`);
    }
    return client.caller;
  };
}

/**
 * By the one key that the header names; it need not name the only one that fits (OpenID Connect Core
 * section 10.1). Nothing but `alg`, `kid` and `typ`: no `crit`, no `jwk`, no `jku`.
 */
function isSignedBy(client: KnownClient, assertion: string, compact: Compact): boolean {
  const { alg, kid, typ, ...others } = readObject(compact.header);
  const isTyped = typ === undefined || (typeof typ === 'string' && isType(typ));
  if (!isTyped || Object.keys(others).length > 0) return false;
  const fitting = client.publicKeys
    .filter((key) => kid === undefined || key.kid === kid)
    .flatMap((key) => readProofKey(alg, key) ?? []);
  const [found, another] = fitting;
  const signature = decodeSegment(compact.signature);
  if (found === undefined || another !== undefined || signature === undefined) {
    return false;
  }
  const input = Buffer.from(assertion.slice(0, -compact.signature.length - 1), 'latin1');
  return verifySignature(found.key, input, signature);
}

function isType(typ: string): boolean {
  return TYPES.includes(typ.toLowerCase());
}

/**
 * RFC 7523 section 3, OpenID Connect Core section 9. The audience is one, and a string: what is for another
 * server as well, that server could present here. When it holds is judged by whoever notes its use.
 */
function readClaims(claims: JsonObject, callerName: string, deps: AssertionDeps): AssertionUse {
  const { sub, aud, exp, nbf, iat, jti } = claims;
  if (sub !== callerName) throw refused('client_assertion: sub must be iss');
  if (typeof aud !== 'string' || !deps.audiences.includes(aud)) {
    throw refused('client_assertion: aud must be the issuer, as one string');
  }
  if (!isDate(exp)) throw refused('client_assertion: exp must be a time');
  if (iat !== undefined && !isDate(iat)) throw refused('client_assertion: iat must be a time');
  if (nbf !== undefined && !isDate(nbf)) throw refused('client_assertion: nbf must be a time');
  if (typeof jti !== 'string' || jti === '' || jti.length > MAX_ID_LENGTH) {
    throw refused(`client_assertion: jti must be 1 to ${MAX_ID_LENGTH} characters`);
  }
  // One that does not say when it was made is taken to hold no longer than others.
  const madeS = iat ?? exp - MAX_AGE_S;
  return {
    callerName,
    assertionId: jti,
    fromS: Math.max(madeS, nbf ?? madeS) - deps.skewS,
    untilS: Math.min(exp, madeS + MAX_AGE_S),
  };
}

/** A NumericDate (RFC 7519 section 2), which may have a fraction. */
function isDate(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Math.abs(value) <= Number.MAX_SAFE_INTEGER / 1_000;
}

function readObject(segment: string): JsonObject {
  const bytes = decodeSegment(segment);
  return (bytes && readJsonObject(bytes)) ?? invalid();
}

function invalid(): never {
  throw refused('the credential is not good');
}

function refused(message: string): SignumError {
  return new SignumError('CREDENTIAL_INVALID', message);
}
