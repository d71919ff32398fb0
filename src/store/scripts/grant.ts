import type { GrantClaims } from '@signum/token';
import { decodeClaims, decodeInstant } from './claims.ts';
import type { Reply } from './script.ts';

/** What a server needs to sign a session's tokens. Instants by the store's clock. */
export interface Grant extends GrantClaims {
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
}

/** Reads the reply of lua/include/grant.lua. */
export function parseGrant(reply: Reply): Grant {
  const [, revision, nowMs, superseded, ...fields] = reply;
  const [sid, jti, kid, gen, iat, exp, rexp] = fields as string[];
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
    ...decodeClaims(fields, 7),
  };
}
