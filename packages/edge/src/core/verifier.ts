import type { Clock } from './clock.ts';
import { FORGOTTEN } from './ended-ids.ts';
import type { JudgeKey, KeyFault, KeyJudgement, ShownKey } from './key-proof.ts';
import type { KnownTokens, TokenFacts, TokenKind } from './known-tokens.ts';
import type { Mirror } from './mirror.ts';

/** What a token must satisfy besides being good. */
export interface Demands {
  /** Scopes that it must all have. */
  readonly scopes: readonly string[];
  /** Audiences that it must all name; any of the deployment's when empty. */
  readonly audiences: readonly string[];
  /** What its holder has shown of the key that it is bound to. */
  readonly proof?: ShownKey | undefined;
}

/** Why only the server can answer. */
export type Unsure =
  /** The state of the token's partition is too old, or not there. */
  | 'STALE'
  /** It was issued about when a watermark was set. */
  | 'WATERMARK'
  /** It expires about now, or what was known of its kind has been dropped. */
  | 'EXPIRY'
  /** Its tenant's ends are not told to this edge. */
  | 'TENANT'
  /** Its key is not among the deployment's public ones. */
  | 'KEY'
  /** Whether the proof of its key is used for the first time, and in time, only the server can tell. */
  | 'PROOF';

export type Fault =
  | 'EXPIRED'
  | 'MALFORMED'
  | 'BAD_SIGNATURE'
  | 'WRONG_ISSUER'
  | 'WRONG_AUDIENCE'
  | 'INSUFFICIENT_SCOPE'
  | KeyFault;

/** What this edge says of a token by itself. */
export type Answer =
  | { readonly answer: 'ACTIVE'; readonly row: number }
  | { readonly answer: 'REFUSED'; readonly fault: Fault }
  /** `reason` is a number of RevocationReason, or 255 for one that is not known. */
  | { readonly answer: 'ENDED'; readonly reason: number }
  | { readonly answer: 'UNSURE'; readonly why: Unsure };

/** Reads a token and verifies its signature. */
export type ReadToken = (
  token: string,
) =>
  | { readonly facts: TokenFacts }
  | { readonly fault: 'MALFORMED' | 'BAD_SIGNATURE' | 'WRONG_ISSUER' }
  | { readonly unsure: 'KEY' };

/** `graceMs`: for how long after its lease is over a state still counts; 0 by default. */
export type Verify = (token: string, demands: Demands, graceMs?: number) => Answer;

export interface VerifierDeps {
  readonly clock: Clock;
  readonly mirror: Mirror;
  readonly known: KnownTokens;
  readonly readToken: ReadToken;
  /** Whether a key is among the deployment's public ones. */
  readonly hasKey: (keyId: string) => boolean;
  readonly judgeKey: JudgeKey;
}

/** REVOCATION_REASON_TENANT and _KEY of token.proto. */
const TENANT_REVOKED = 7;
const KEY_REVOKED = 8;
/** What the columns of known tokens can hold. */
const LATEST_S = 2 ** 32;

/**
 * Answers for tokens from memory, or says that it is not sure. A token is accepted only if its very
 * text has been verified, its id has not ended, no watermark can cover it, its expiry is ahead by the
 * store's clock, and, at the last, the lease of its partition holds.
 */
export function createVerifier(deps: VerifierDeps): Verify {
  const { clock, mirror, known, readToken, hasKey, judgeKey } = deps;

  /** What is the same until watermarks, keys or the deployment change. */
  function judge(row: number, kind: TokenKind): Answer | undefined {
    const { tenantIds } = mirror.deployment ?? {};
    if (tenantIds !== undefined && !tenantIds.has(kind.tenantId)) return unsure('TENANT');
    if (!hasKey(kind.keyId)) return unsure('KEY');
    const { columns } = known;
    const verdict = mirror.watermarks.judge({
      partition: columns.partition[row] as number,
      tenantId: kind.tenantId,
      keyId: kind.keyId,
      issuedAtS: columns.issuedAtS[row] as number,
    });
    switch (verdict) {
      case 'LIVE':
        columns.judgedAt[row] = mirror.rules;
        return undefined;
      case 'UNSURE':
        return unsure('WATERMARK');
      case 'KEY':
        return { answer: 'ENDED', reason: KEY_REVOKED };
      case 'TENANT':
        return { answer: 'ENDED', reason: TENANT_REVOKED };
    }
  }

  function unmet(kind: TokenKind, { audiences, scopes }: Demands): Fault | undefined {
    const isOurs = (name: string) => mirror.deployment?.audiences.includes(name) === true;
    const named =
      audiences.length === 0
        ? kind.audiences.some(isOurs)
        : audiences.every((name) => kind.audiences.includes(name) && isOurs(name));
    if (!named) return 'WRONG_AUDIENCE';
    for (const scope of scopes) if (!kind.scopes.includes(scope)) return 'INSUFFICIENT_SCOPE';
    return undefined;
  }

  /** The clocks are read here, last of all: what was looked at was looked at before this moment. */
  function inTime(partition: number, expiresAtS: number, graceMs: number): Answer | undefined {
    const beforeMs = clock.monotonicMs();
    const wallMs = clock.wallMs();
    const monotonicMs = clock.monotonicMs();
    const clocks = { beforeMs, wallMs, monotonicMs };
    if (mirror.lease?.holds(partition, clocks, graceMs) !== true) return unsure('STALE');
    if (expiresAtS * 1_000 > mirror.storeTime.latestMs(monotonicMs)) return undefined;
    const over = expiresAtS * 1_000 <= mirror.storeTime.earliestMs(monotonicMs);
    return over ? refused('EXPIRED') : unsure('EXPIRY');
  }

  /** What has ended, or may have: from what the feed has told. */
  function endOf(row: number, kind: TokenKind, expiresAtS: number): Answer | undefined {
    const { columns } = known;
    const reason = mirror.ended.reasonOf(columns.id, 4 * row, expiresAtS);
    if (reason === FORGOTTEN) return unsure('EXPIRY');
    if (reason !== 0) return { answer: 'ENDED', reason };
    return columns.judgedAt[row] === mirror.rules ? undefined : judge(row, kind);
  }

  /** What was shown of a key, even if that is nothing. */
  function provenBy(token: string, kind: TokenKind, { proof }: Demands): KeyJudgement {
    const { confirmation } = kind;
    if (confirmation === undefined && proof === undefined) return 'PROVEN';
    return judgeKey(token, confirmation, proof);
  }

  function answerFor(token: string, row: number, demands: Demands, graceMs: number): Answer {
    const { columns } = known;
    const kind = columns.kind[row] as TokenKind;
    const expiresAtS = columns.expiresAtS[row] as number;
    const end = endOf(row, kind, expiresAtS);
    if (end !== undefined) return end;
    const fault = unmet(kind, demands);
    const key = provenBy(token, kind, demands);
    const untimely = inTime(columns.partition[row] as number, expiresAtS, graceMs);
    if (untimely !== undefined) return untimely;
    if (key === 'UNSURE') return unsure('PROOF');
    if (key !== 'PROVEN') return refused(key);
    return fault === undefined ? { answer: 'ACTIVE', row } : refused(fault);
  }

  return (token, demands, graceMs = 0) => {
    let row = known.find(token);
    if (row < 0) {
      if (mirror.deployment === undefined) return unsure('STALE');
      const read = readToken(token);
      if ('fault' in read) return refused(read.fault);
      if ('unsure' in read) return unsure(read.unsure);
      const { facts } = read;
      if (facts.issuedAtS >= LATEST_S || facts.expiresAtS >= LATEST_S) return unsure('EXPIRY');
      row = known.add(token, facts);
    }
    return answerFor(token, row, demands, graceMs);
  };
}

function refused(fault: Fault): Answer {
  return { answer: 'REFUSED', fault };
}

function unsure(why: Unsure): Answer {
  return UNSURE[why];
}

const UNSURE: Readonly<Record<Unsure, Answer>> = {
  STALE: { answer: 'UNSURE', why: 'STALE' },
  WATERMARK: { answer: 'UNSURE', why: 'WATERMARK' },
  EXPIRY: { answer: 'UNSURE', why: 'EXPIRY' },
  TENANT: { answer: 'UNSURE', why: 'TENANT' },
  KEY: { answer: 'UNSURE', why: 'KEY' },
  PROOF: { answer: 'UNSURE', why: 'PROOF' },
};
