import type { AccessClaims, JsonObject } from './claims.ts';
import { readCanonicalJson } from './compact.ts';
import { isInstant, readGrantClaims } from './grant-claims.ts';
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
  const granted = readGrantClaims(payload);
  const wellFormed =
    isId(sub) &&
    isId(tid) &&
    isId(did) &&
    isUuid(sid) &&
    isUuid(jti) &&
    isInstant(iat) &&
    isInstant(exp);
  if (!wellFormed || granted === undefined) return undefined;
  const nbf = payload['nbf'];
  if (nbf !== undefined && !isInstant(nbf)) return undefined;
  return {
    device: { tenantId: tid, userId: sub, deviceId: did },
    sessionId: sid,
    tokenId: jti,
    issuedAtS: iat,
    expiresAtS: exp,
    ...(nbf === undefined ? {} : { notBeforeS: nbf }),
    ...granted,
  };
}
