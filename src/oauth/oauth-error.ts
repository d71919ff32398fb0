import type { HttpAnswer } from '../call/endpoint.ts';
import type { Reason, SignumError } from '../domain/errors.ts';

/** Status and `error` of RFC 6749 section 5.2, RFC 7009 section 2.2.1 and RFC 9449 section 5. */
const ERROR_OF: Readonly<Partial<Record<Reason, readonly [number, string]>>> = {
  INVALID_FIELD: [400, 'invalid_request'],
  MESSAGE_TOO_LARGE: [400, 'invalid_request'],
  CREDENTIAL_MISSING: [401, 'invalid_client'],
  CREDENTIAL_INVALID: [401, 'invalid_client'],
  PERMISSION_DENIED: [400, 'unauthorized_client'],
  TOKEN_INVALID: [400, 'invalid_grant'],
  TOKEN_EXPIRED: [400, 'invalid_grant'],
  SESSION_REVOKED: [400, 'invalid_grant'],
  SESSION_NOT_FOUND: [400, 'invalid_grant'],
  REFRESH_REUSED: [400, 'invalid_grant'],
  KEY_PROOF_REQUIRED: [400, 'invalid_dpop_proof'],
  KEY_PROOF_INVALID: [400, 'invalid_dpop_proof'],
  KEY_PROOF_NONCE: [400, 'use_dpop_nonce'],
  UNIMPLEMENTED: [400, 'unsupported_grant_type'],
  RATE_LIMITED: [429, 'temporarily_unavailable'],
  OVERLOADED: [503, 'temporarily_unavailable'],
  STORE_FULL: [503, 'temporarily_unavailable'],
  STORE_UNAVAILABLE: [503, 'temporarily_unavailable'],
  DURABILITY_UNCONFIRMED: [503, 'temporarily_unavailable'],
  STALE_REVISION: [503, 'temporarily_unavailable'],
  DRAINING: [503, 'temporarily_unavailable'],
  DEADLINE_EXCEEDED: [503, 'temporarily_unavailable'],
};

const DEFAULT_RETRY_AFTER_MS = 1_000;

/**
 * An error as OAuth clients expect it. Signum's own reason stands beside. A challenge comes with 401 and
 * with nothing else: clients take it for all there is to know.
 */
export function encodeOAuthError(error: SignumError): HttpAnswer {
  const { reason, message, metadata, retryAfterMs = DEFAULT_RETRY_AFTER_MS } = error;
  const [status, usual] = ERROR_OF[reason] ?? [500, 'server_error'];
  const code = metadata['field'] === 'scope' ? 'invalid_scope' : usual;
  const nonce = metadata['nonce'];
  const mayRetry = status === 429 || status === 503;
  return {
    status,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      ...(status === 401 && { 'www-authenticate': 'Basic realm="signum"' }),
      ...(mayRetry && { 'retry-after': String(Math.ceil(retryAfterMs / 1_000)) }),
      ...(nonce !== undefined && { 'dpop-nonce': nonce }),
    },
    body: JSON.stringify({
      error: code,
      error_description: permitted(message),
      signum_reason: reason,
    }),
  };
}

/** RFC 6749 section 5.2 allows no more than these characters. */
function permitted(message: string): string {
  return message.replace(/[^\x20-\x21\x23-\x5B\x5D-\x7E]/g, "'");
}

/** An answer that no cache may keep. */
export function jsonAnswer(status: number, body: object): HttpAnswer {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  return { status, headers, body: JSON.stringify(body) };
}
