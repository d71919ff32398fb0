import type { KeyProofFault } from './key-proof.ts';

/**
 * Why a call failed: `signum.v1.ErrorReason` without its prefix. What each means, its code and its
 * metadata are documented in proto/signum/v1/error_reason.proto.
 */
export type Reason =
  | 'INVALID_FIELD'
  | 'LIFETIME_TOO_LONG'
  | 'PAGE_TOKEN_INVALID'
  | 'MESSAGE_TOO_LARGE'
  | 'CREDENTIAL_MISSING'
  | 'CREDENTIAL_INVALID'
  | 'PERMISSION_DENIED'
  | 'TOKEN_INVALID'
  | 'TOKEN_EXPIRED'
  | 'SESSION_REVOKED'
  | 'SESSION_NOT_FOUND'
  | 'REFRESH_REUSED'
  | 'SESSION_EXISTS'
  | 'PROOF_REQUIRED'
  | 'DEVICE_LIMIT'
  | KeyProofFault
  | 'KEY_NOT_FOUND'
  | 'KEYS_NOT_MANAGED'
  | 'CALLER_NOT_FOUND'
  | 'CALLER_EXISTS'
  | 'CALLER_LIMIT'
  | 'RATE_LIMITED'
  | 'OVERLOADED'
  | 'STORE_FULL'
  | 'STORE_UNAVAILABLE'
  | 'DURABILITY_UNCONFIRMED'
  | 'EDGES_UNCONFIRMED'
  | 'STALE_REVISION'
  | 'DRAINING'
  | 'DEADLINE_EXCEEDED'
  | 'CANCELLED'
  | 'UNIMPLEMENTED'
  | 'INTERNAL';

export interface SignumErrorOptions {
  /** What varies; values never hold a token, a secret or a store command's arguments. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** How long a client should wait before it tries again, in milliseconds. */
  readonly retryAfterMs?: number;
  /** What caused it; for the log only, never sent. */
  readonly cause?: unknown;
}

/** The one error of the service. Everything that fails on purpose fails with it. */
export class SignumError extends Error {
  override readonly name = 'SignumError';
  readonly reason: Reason;
  readonly metadata: Readonly<Record<string, string>>;
  readonly retryAfterMs: number | undefined;

  constructor(reason: Reason, message: string, options: SignumErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.reason = reason;
    this.metadata = options.metadata ?? {};
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** A field that breaks its rule: the error names both. */
export function invalidField(field: string, rule: string): SignumError {
  return new SignumError('INVALID_FIELD', `${field}: ${rule}`, { metadata: { field, rule } });
}
