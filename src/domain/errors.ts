/** The canonical code (google.rpc.Code) of each reason, as documented in error_reason.proto. */
export const CODE_OF = {
  INVALID_FIELD: 'INVALID_ARGUMENT',
  LIFETIME_TOO_LONG: 'INVALID_ARGUMENT',
  PAGE_TOKEN_INVALID: 'INVALID_ARGUMENT',
  MESSAGE_TOO_LARGE: 'RESOURCE_EXHAUSTED',
  CREDENTIAL_MISSING: 'UNAUTHENTICATED',
  CREDENTIAL_INVALID: 'UNAUTHENTICATED',
  PERMISSION_DENIED: 'PERMISSION_DENIED',
  TOKEN_INVALID: 'UNAUTHENTICATED',
  TOKEN_EXPIRED: 'UNAUTHENTICATED',
  SESSION_REVOKED: 'UNAUTHENTICATED',
  SESSION_NOT_FOUND: 'NOT_FOUND',
  REFRESH_REUSED: 'UNAUTHENTICATED',
  SESSION_EXISTS: 'ALREADY_EXISTS',
  PROOF_REQUIRED: 'FAILED_PRECONDITION',
  DEVICE_LIMIT: 'RESOURCE_EXHAUSTED',
  CALLER_LIMIT: 'RESOURCE_EXHAUSTED',
  KEY_PROOF_REQUIRED: 'UNAUTHENTICATED',
  KEY_PROOF_INVALID: 'UNAUTHENTICATED',
  KEY_PROOF_NONCE: 'UNAUTHENTICATED',
  KEY_NOT_FOUND: 'NOT_FOUND',
  KEYS_NOT_MANAGED: 'FAILED_PRECONDITION',
  CALLER_NOT_FOUND: 'NOT_FOUND',
  CALLER_EXISTS: 'ALREADY_EXISTS',
  RATE_LIMITED: 'RESOURCE_EXHAUSTED',
  OVERLOADED: 'RESOURCE_EXHAUSTED',
  STORE_FULL: 'RESOURCE_EXHAUSTED',
  STORE_UNAVAILABLE: 'UNAVAILABLE',
  DURABILITY_UNCONFIRMED: 'UNAVAILABLE',
  EDGES_UNCONFIRMED: 'UNAVAILABLE',
  STALE_REVISION: 'UNAVAILABLE',
  DRAINING: 'UNAVAILABLE',
  DEADLINE_EXCEEDED: 'DEADLINE_EXCEEDED',
  CANCELLED: 'CANCELLED',
  UNIMPLEMENTED: 'UNIMPLEMENTED',
  INTERNAL: 'INTERNAL',
} as const;

/**
 * Why a call failed: `signum.v1.ErrorReason` without its prefix. What each means, its code and its
 * metadata are documented in proto/signum/v1/error_reason.proto.
 */
export type Reason = keyof typeof CODE_OF;

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

/** A message that is longer than it may be, whatever it holds: it is not looked at. */
export function messageTooLarge(maxBytes: number): SignumError {
  return new SignumError('MESSAGE_TOO_LARGE', `message: must be at most ${maxBytes} bytes`, {
    metadata: { max_bytes: `${maxBytes}` },
  });
}

export function deadlineExceeded(): SignumError {
  return new SignumError('DEADLINE_EXCEEDED', 'the deadline passed before the call was finished');
}

export function clientGone(): SignumError {
  return new SignumError('CANCELLED', 'the client went away');
}
