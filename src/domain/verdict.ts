import type { GrantClaims, TokenRef } from '@signum/token';
import type { KeyProofFault } from './key-proof.ts';
import type { RevocationReason } from './session.ts';

/** What a validation found; documented in proto/signum/v1/token_service.proto. */
export type Verdict =
  | 'ACTIVE'
  | 'EXPIRED'
  | 'REVOKED'
  | 'SUPERSEDED'
  | 'UNKNOWN'
  | 'MALFORMED'
  | 'BAD_SIGNATURE'
  | 'WRONG_AUDIENCE'
  | 'INSUFFICIENT_SCOPE'
  | 'INSUFFICIENT_AUTHENTICATION'
  | 'WRONG_ISSUER'
  | KeyProofFault;

/** Verdicts that the token alone decides, without the store. */
export type TokenFault = 'MALFORMED' | 'BAD_SIGNATURE' | 'WRONG_AUDIENCE' | 'WRONG_ISSUER';

/** An active token, as the store knows it. */
export interface ActiveToken extends GrantClaims {
  readonly ref: TokenRef;
  readonly sessionId: string;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
}

/** The answer to "is this token good right now?". */
export interface Validation {
  readonly verdict: Verdict;
  readonly revocationReason?: RevocationReason | undefined;
  readonly source: 'TOKEN' | 'STORE';
  /** The partition's revision when the verdict was taken; 0 if the store was not asked. */
  readonly revision: number;
  /** With KEY_PROOF_NONCE: what the next proof has to hold. */
  readonly nonce?: string | undefined;
  /** Set when the token is alive: ACTIVE, or one demand of the request not met. */
  readonly token?: ActiveToken | undefined;
}
