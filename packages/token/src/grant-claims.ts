import { type GrantClaims, type JsonObject, type JsonValue, RESERVED_CLAIMS } from './claims.ts';
import { confirmationClaim, readConfirmation } from './confirmation.ts';
import { isClientId } from './ids.ts';

/** Reads what an access token's payload says of its grant; undefined unless every claim is in its form. */
export function readGrantClaims(payload: JsonObject): GrantClaims | undefined {
  const audiences = readAudiences(payload['aud']);
  const scopes = readScopes(payload['scope']);
  const clientId = payload['client_id'];
  const confirmation = readConfirmation(payload['cnf']);
  if (audiences === undefined || scopes === undefined) return undefined;
  if (clientId !== undefined && !isClientId(clientId)) return undefined;
  if (confirmation === undefined && 'cnf' in payload) return undefined;
  return { scopes, audiences, clientId, confirmation, custom: readCustom(payload) };
}

/**
 * What follows the claims that every token has, in the order that usual-payload.ts knows. Spreading
 * defines members, so that a custom claim named `__proto__` stays data.
 */
export function writeGrantClaims(claims: Omit<GrantClaims, 'audiences'>): JsonObject {
  const { scopes, clientId, confirmation, custom } = claims;
  return {
    ...(scopes.length > 0 ? { scope: scopes.join(' ') } : {}),
    ...(clientId === undefined ? {} : { client_id: clientId }),
    ...confirmationClaim(confirmation),
    ...custom,
  };
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

function isNonEmptyString(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** `Object.fromEntries` makes `__proto__` a plain member, as assignment would not. */
function readCustom(payload: JsonObject): JsonObject {
  const entries = Object.entries(payload).filter(([name]) => !RESERVED_CLAIMS.has(name));
  return Object.fromEntries(entries);
}
