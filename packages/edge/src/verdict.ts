import type { Fault } from './core/verifier.ts';

/** Why a token or session came to its end: RevocationReason of token.proto. */
export type RevocationReason =
  | 'LOGOUT'
  | 'SUPERSEDED'
  | 'ROTATED'
  | 'REFRESH_REUSE'
  | 'ADMIN'
  | 'EXPIRED'
  | 'TENANT'
  | 'KEY';

/** What was found. All but UNAVAILABLE mean what Validate means by them; only ACTIVE lets in. */
export type VerdictName =
  | 'ACTIVE'
  | Fault
  | 'REVOKED'
  | 'SUPERSEDED'
  | 'UNKNOWN'
  | 'INSUFFICIENT_AUTHENTICATION'
  /** Neither this edge nor a server could answer: the token may be good, and is not let in. */
  | 'UNAVAILABLE'
  /** The server found what this version does not know. */
  | 'OTHER';

/** What an active token says. */
export interface VerifiedToken {
  readonly tenantId: string;
  readonly userId: string;
  readonly deviceId: string;
  readonly sessionId: string;
  readonly tokenId: string;
  readonly scopes: readonly string[];
  readonly audiences: readonly string[];
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  /** When its user has authenticated; undefined if the token does not tell. */
  readonly authTime?: Date | undefined;
  /** The authentication context class that its user has met; undefined if the token does not tell. */
  readonly acr?: string | undefined;
  /** Claims under names that are not reserved. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** What is the same of every verdict. */
interface AnyVerdict {
  /** Why it ended, with REVOKED and SUPERSEDED, where that is known. */
  readonly reason: RevocationReason | undefined;
  /**
   * Who answered. STALE: this edge, by what it knew last, because nobody else could and it was told to
   * (`onStale`). NONE: nobody.
   */
  readonly source: 'EDGE' | 'SERVER' | 'STALE' | 'NONE';
  /** With KEY_PROOF_NONCE: what the client's next proof has to hold (RFC 9449 section 9). */
  readonly nonce?: string | undefined;
}

/** The token is good. */
export interface GoodVerdict extends AnyVerdict {
  readonly active: true;
  readonly verdict: 'ACTIVE';
  readonly token: VerifiedToken;
}

/** The token is not good, or nobody can tell. */
export interface Refusal extends AnyVerdict {
  readonly active: false;
  readonly verdict: Exclude<VerdictName, 'ACTIVE'>;
  readonly token: undefined;
}

/** `active` tells which it is: only then is there a `token`. */
export type Verdict = GoodVerdict | Refusal;

/** By its number in RevocationReason. */
export const REASONS: readonly (RevocationReason | undefined)[] = [
  undefined,
  'LOGOUT',
  'SUPERSEDED',
  'ROTATED',
  'REFRESH_REUSE',
  'ADMIN',
  'EXPIRED',
  'TENANT',
  'KEY',
];

/** A good token, by its text, which is read when somebody asks what it says. */
export class ActiveVerdict implements GoodVerdict {
  readonly active = true;
  readonly verdict = 'ACTIVE';
  readonly reason = undefined;
  readonly source = 'EDGE';
  readonly #text: string;
  #token: VerifiedToken | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  get token(): VerifiedToken {
    this.#token ??= readVerified(this.#text);
    return this.#token;
  }
}

export function refusal(
  verdict: Refusal['verdict'],
  source: Verdict['source'],
  reason?: RevocationReason,
): Refusal {
  return { active: false, verdict, reason, source, token: undefined };
}

/** REVOKED, or the verdict of its own that a reason has. */
export function endedVerdict(
  reason: RevocationReason | undefined,
  source: Verdict['source'],
): Refusal {
  const verdict = reason === 'SUPERSEDED' || reason === 'EXPIRED' ? reason : 'REVOKED';
  return refusal(verdict, source, reason);
}

const RESERVED: ReadonlySet<string> = new Set(
  'iss aud sub tid did sid jti iat nbf exp scope cnf client_id auth_time acr amr'.split(' '),
);

/** The text has been read strictly before: here nothing can be wrong with it. */
function readVerified(text: string): VerifiedToken {
  const payload = text.slice(text.indexOf('.') + 1, text.lastIndexOf('.'));
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<
    string,
    unknown
  >;
  const { sub, tid, did, sid, jti, iat, exp, aud, scope, acr } = claims as Record<string, string>;
  const authTime = claims['auth_time'] as number | undefined;
  return {
    tenantId: tid as string,
    userId: sub as string,
    deviceId: did as string,
    sessionId: sid as string,
    tokenId: jti as string,
    scopes: scope === undefined ? [] : scope.split(' '),
    audiences: [aud as string | string[]].flat(),
    issuedAt: new Date(Number(iat) * 1_000),
    expiresAt: new Date(Number(exp) * 1_000),
    ...(authTime !== undefined && { authTime: new Date(authTime * 1_000) }),
    ...(acr !== undefined && { acr }),
    claims: customOf(claims),
  };
}

/** `Object.fromEntries` makes `__proto__` a plain member, as assignment would not. */
function customOf(claims: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const names = Object.keys(claims).filter((name) => !RESERVED.has(name));
  return names.length === 0 ? {} : Object.fromEntries(names.map((name) => [name, claims[name]]));
}
