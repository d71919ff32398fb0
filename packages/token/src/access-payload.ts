import type { AccessClaims, JsonObject, JsonValue } from './claims.ts';
import { RESERVED_CLAIMS } from './claims.ts';
import { readCanonicalJson } from './compact.ts';
import { readConfirmation } from './confirmation.ts';
import { isId, isUuid } from './ids.ts';

/** Reads the payload of an access token: canonical JSON, every claim in its form. */
export function readAccessPayload(
  bytes: Buffer,
  issuer: string,
): AccessClaims | 'MALFORMED' | 'WRONG_ISSUER' {
  const payload = readCanonicalJson(bytes);
  if (payload === undefined) return 'MALFORMED';
  if (payload['iss'] !== issuer) {
    return typeof payload['iss'] === 'string' ? 'WRONG_ISSUER' : 'MALFORMED';
  }
  return readClaims(payload) ?? 'MALFORMED';
}

function readClaims(payload: JsonObject): AccessClaims | undefined {
  const { sub, tid, did, sid, jti, iat, exp } = payload;
  const audiences = readAudiences(payload['aud']);
  const scopes = readScopes(payload['scope']);
  const confirmation = readConfirmation(payload['cnf']);
  const wellFormed =
    isId(sub) &&
    isId(tid) &&
    isId(did) &&
    isUuid(sid) &&
    isUuid(jti) &&
    isInstant(iat) &&
    isInstant(exp);
  if (!wellFormed || audiences === undefined || scopes === undefined) return undefined;
  if (confirmation === undefined && 'cnf' in payload) return undefined;
  if (payload['nbf'] !== undefined && !isInstant(payload['nbf'])) return undefined;
  return {
    device: { tenantId: tid, userId: sub, deviceId: did },
    sessionId: sid,
    tokenId: jti,
    issuedAtS: iat,
    expiresAtS: exp,
    scopes,
    audiences,
    confirmation,
    custom: readCustom(payload),
  };
}

/** Whether a claim is a NumericDate as Signum writes it: whole seconds, not before the epoch. */
export function isInstant(value: JsonValue | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
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
