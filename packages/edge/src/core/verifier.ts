import type { Clock } from './clock.ts';
import { FORGOTTEN } from './ended-ids.ts';
import type { JudgeKey, KeyFault, KeyJudgement, ShownKey } from './key-proof.ts';
import {
  AT,
  type KnownTokens,
  RECORD_WORDS,
  type TokenFacts,
  type TokenKind,
} from './known-tokens.ts';
import type { Mirror } from './mirror.ts';

/** What a token must satisfy besides being good. */
export interface Requirements {
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
  /** Redis may have lost its session in a failover or a restart; see Losses. */
  | 'LOSS'
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
  | { readonly answer: 'ACTIVE' }
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
export type Verify = (token: string, requirements: Requirements, graceMs?: number) => Answer;

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
/** How long a reading of the monotonic clock may be used as the one before the wall clock. */
const MOMENT_MS = 0.5;
/** What the records of known tokens can hold. */
const LATEST_S = 2 ** 32;

/**
 * Answers for tokens from memory, or says that it is not sure. A token is accepted only if its very
 * text has been verified, its id has not ended, no watermark can cover it, its expiry is ahead by the
 * store's clock, and, at the last, the lease of its partition holds.
 */
export function createVerifier(deps: VerifierDeps): Verify {
  const { clock, mirror, known, readToken, hasKey, judgeKey } = deps;

  /** When the monotonic clock was read for the last answer. */
  let lastReadMs = Number.NEGATIVE_INFINITY;

  /** What is the same until watermarks, keys or the deployment change. */
  function judge(at: number, kind: TokenKind): Answer | undefined {
    const { tenantIds } = mirror.deployment ?? {};
    if (tenantIds !== undefined && !tenantIds.has(kind.tenantId)) return unsure('TENANT');
    if (!hasKey(kind.keyId)) return unsure('KEY');
    const { records } = known;
    const partition = records[at + AT.partition] as number;
    const issuedAtS = records[at + AT.issuedAtS] as number;
    const confirmed = records[at + AT.confirmed] as number;
    const { tenantId, keyId } = kind;
    switch (mirror.watermarks.judge({ partition, tenantId, keyId, issuedAtS })) {
      case 'LIVE':
        if (mirror.losses.isDoubtful(partition, issuedAtS, confirmed)) return unsure('LOSS');
        records[at + AT.judgedAt] = mirror.rules;
        return undefined;
      case 'UNSURE':
        return unsure('WATERMARK');
      case 'KEY':
        return { answer: 'ENDED', reason: KEY_REVOKED };
      case 'TENANT':
        return { answer: 'ENDED', reason: TENANT_REVOKED };
    }
  }

  function unmet(kind: TokenKind, { audiences, scopes }: Requirements): Fault | undefined {
    const ours = mirror.deployment?.audiences ?? [];
    if (!(audiences.length === 0 ? namesOne(kind, ours) : namesAll(kind, audiences, ours))) {
      return 'WRONG_AUDIENCE';
    }
    for (const scope of scopes) if (!kind.scopes.includes(scope)) return 'INSUFFICIENT_SCOPE';
    return undefined;
  }

  /**
   * The clocks are read here, last of all: what was looked at was looked at before this moment. Where the
   * monotonic clock was read a moment ago, by this or the answer before, that reading is the one before
   * the wall clock: nothing looks shorter by it.
   */
  function inTime(partition: number, expiresAtS: number, graceMs: number): Answer | undefined {
    let beforeMs = lastReadMs;
    let wallMs = clock.wallMs();
    let monotonicMs = clock.monotonicMs();
    if (!(monotonicMs - beforeMs < MOMENT_MS)) {
      beforeMs = monotonicMs;
      wallMs = clock.wallMs();
      monotonicMs = clock.monotonicMs();
    }
    lastReadMs = monotonicMs;
    if (mirror.lease?.holds(partition, beforeMs, wallMs, monotonicMs, graceMs) !== true) {
      return unsure('STALE');
    }
    if (expiresAtS * 1_000 > mirror.storeTime.latestMs(monotonicMs)) return undefined;
    const over = expiresAtS * 1_000 <= mirror.storeTime.earliestMs(monotonicMs);
    return over ? refused('EXPIRED') : unsure('EXPIRY');
  }

  /** What has ended, or may have: from what the feed has told. */
  function endOf(at: number, kind: TokenKind, expiresAtS: number): Answer | undefined {
    const { records } = known;
    const reason = mirror.ended.reasonOf(records, at + AT.id, expiresAtS);
    if (reason === FORGOTTEN) return unsure('EXPIRY');
    if (reason !== 0) return { answer: 'ENDED', reason };
    return records[at + AT.judgedAt] === mirror.rules ? undefined : judge(at, kind);
  }

  /** What was shown of a key, even if that is nothing. */
  function provenBy(token: string, kind: TokenKind, { proof }: Requirements): KeyJudgement {
    const { confirmation } = kind;
    if (confirmation === undefined && proof === undefined) return 'PROVEN';
    return judgeKey(token, confirmation, proof);
  }

  function answerFor(
    token: string,
    row: number,
    requirements: Requirements,
    graceMs: number,
  ): Answer {
    const { records } = known;
    const at = RECORD_WORDS * row;
    const kind = known.kindOf(row);
    const expiresAtS = records[at + AT.expiresAtS] as number;
    const end = endOf(at, kind, expiresAtS);
    if (end !== undefined) return end;
    const fault = unmet(kind, requirements);
    const key = provenBy(token, kind, requirements);
    const untimely = inTime(records[at + AT.partition] as number, expiresAtS, graceMs);
    if (untimely !== undefined) return untimely;
    if (key === 'UNSURE') return unsure('PROOF');
    if (key !== 'PROVEN') return refused(key);
    return fault === undefined ? ACTIVE : refused(fault);
  }

  return (token, requirements, graceMs = 0) => {
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
    return answerFor(token, row, requirements, graceMs);
  };
}

function namesOne({ audiences }: TokenKind, ours: readonly string[]): boolean {
  for (const name of audiences) if (ours.includes(name)) return true;
  return false;
}

function namesAll(
  { audiences }: TokenKind,
  wanted: readonly string[],
  ours: readonly string[],
): boolean {
  for (const name of wanted) if (!audiences.includes(name) || !ours.includes(name)) return false;
  return true;
}

function refused(fault: Fault): Answer {
  return { answer: 'REFUSED', fault };
}

function unsure(why: Unsure): Answer {
  return UNSURE[why];
}

const ACTIVE: Answer = { answer: 'ACTIVE' };
const UNSURE: Readonly<Record<Unsure, Answer>> = {
  STALE: { answer: 'UNSURE', why: 'STALE' },
  WATERMARK: { answer: 'UNSURE', why: 'WATERMARK' },
  LOSS: { answer: 'UNSURE', why: 'LOSS' },
  EXPIRY: { answer: 'UNSURE', why: 'EXPIRY' },
  TENANT: { answer: 'UNSURE', why: 'TENANT' },
  KEY: { answer: 'UNSURE', why: 'KEY' },
  PROOF: { answer: 'UNSURE', why: 'PROOF' },
};
