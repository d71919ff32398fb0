import type { GrantClaims, TokenRef } from '@signum/token';
import type { KeyProof, KeyProofFault } from './key-proof.ts';
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

/** Step-up (RFC 9470): what a token must tell of its user's authentication. */
export interface AuthenticationRequirement {
  /** Context classes of which it must have one; any when absent. An empty list is met by none. */
  readonly acrValues?: readonly string[] | undefined;
  /** How long ago it may have been at most, in seconds; however long when absent. */
  readonly maxAgeS?: number | undefined;
}

/** What is asked of a token. */
export interface ValidateInput {
  readonly subject: { readonly token: string } | { readonly ids: TokenRef };
  readonly requiredScopes: readonly string[];
  /** Audiences that the token must all name; any of the deployment's when empty. */
  readonly audiences: readonly string[];
  /** How the user must have authenticated; anyhow when absent. */
  readonly authentication?: AuthenticationRequirement | undefined;
  readonly minRevision: number;
  /** Whether it is one of many of a call; default: it is alone. */
  readonly inBatch?: boolean | undefined;
  /**
   * What shows that the token's holder holds the key, if the token is bound to one. `LEFT_TO_CALLER`: the
   * caller is told the key, and sees to the proof itself.
   */
  readonly proof?: KeyProof | 'LEFT_TO_CALLER' | undefined;
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
  /** Set when the token is alive: ACTIVE, or one requirement of the request not met. */
  readonly token?: ActiveToken | undefined;
}
