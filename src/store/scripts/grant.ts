import type { JsonObject } from '@signum/token';
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
    issuedAtMs: decodeInstant(iat),
    accessExpiresAtMs: decodeInstant(exp),
    refreshExpiresAtMs: decodeInstant(rexp),
    scopes: decodeWords(scp),
    audiences: decodeWords(aud),
    claims: decodeClaims(clm),
  };
}

/** Instants are stored in seconds. */
export function decodeInstant(seconds: string | null | undefined): number {
  return Number(seconds) * 1000;
}

/** Scopes and audiences hold no spaces and are stored joined by them; none as ''. */
export function decodeWords(words: string | null | undefined): string[] {
  return words ? words.split(' ') : [];
}

/** Custom claims are stored as JSON, none as ''. */
export function decodeClaims(clm: string | null | undefined): JsonObject {
  return clm ? (JSON.parse(clm) as JsonObject) : {};
}
