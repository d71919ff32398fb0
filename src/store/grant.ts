import type { JsonObject } from '../domain/claims.ts';
import type { Reply } from './script.ts';

/** What a server needs to sign a session's tokens. Instants by the store's clock. */
export interface Grant {
  readonly revision: number;
  readonly nowMs: number;
  readonly supersededSessionId: string | undefined;
  readonly sessionId: string;
  readonly tokenId: string;
  readonly keyId: string;
  readonly generation: number;
  readonly issuedAtMs: number;
  readonly accessExpiresAtMs: number;
  readonly refreshExpiresAtMs: number;
  readonly scopes: readonly string[];
  readonly audiences: readonly string[];
  readonly claims: JsonObject;
}

/** Reads the reply of lua/include/grant.lua. */
export function parseGrant(reply: Reply): Grant {
  const [, revision, nowMs, superseded, ...fields] = reply;
  const [sid, jti, kid, gen, iat, exp, rexp, scp, aud, clm] = fields as string[];
  return {
    revision: Number(revision),
    nowMs: Number(nowMs),
    supersededSessionId: superseded ? String(superseded) : undefined,
    sessionId: sid as string,
    tokenId: jti as string,
    keyId: kid as string,
    generation: Number(gen),
    issuedAtMs: Number(iat),
    accessExpiresAtMs: Number(exp),
    refreshExpiresAtMs: Number(rexp),
    scopes: decodeScopes(scp),
    audiences: JSON.parse(aud as string) as string[],
    claims: decodeClaims(clm),
  };
}

/** Scopes are stored as in the token (RFC 6749 section 3.3): joined by spaces, none as ''. */
export function decodeScopes(scp: string | null | undefined): string[] {
  return scp ? scp.split(' ') : [];
}

/** Custom claims are stored as JSON, none as ''. */
export function decodeClaims(clm: string | null | undefined): JsonObject {
  return clm ? (JSON.parse(clm) as JsonObject) : {};
}
