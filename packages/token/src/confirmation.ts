import { hash, X509Certificate } from 'node:crypto';
import type { JsonObject, JsonValue } from './claims.ts';

/**
 * The key that a token is bound to (RFC 7800): the holder of the token has to show that it holds
 * this key as well.
 */
export interface Confirmation {
  /**
   * How it is shown: `jkt` by a proof signed with a key of this thumbprint (RFC 9449 section 6),
   * `x5t#S256` by a TLS client certificate of this thumbprint (RFC 8705 section 3.1).
   */
  readonly method: ConfirmationMethod;
  /** A SHA-256 in base64url, 43 characters. */
  readonly thumbprint: string;
}

export type ConfirmationMethod = 'jkt' | 'x5t#S256';

/** 256 bits in base64url: the last character carries four of them, its unused bits are zero. */
const THUMBPRINT = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

/** Whether a text is a SHA-256 in its one spelling in base64url. */
export function isThumbprint(value: unknown): value is string {
  return typeof value === 'string' && THUMBPRINT.test(value);
}

/**
 * Reads a `cnf` claim. Undefined unless it names exactly one method that Signum knows: whoever
 * passed over another would take a bound token for a bearer token.
 */
export function readConfirmation(cnf: JsonValue | undefined): Confirmation | undefined {
  if (typeof cnf !== 'object' || cnf === null || Array.isArray(cnf)) return undefined;
  const [member, ...others] = Object.entries(cnf);
  if (member === undefined || others.length > 0) return undefined;
  const [method, thumbprint] = member;
  if ((method !== 'jkt' && method !== 'x5t#S256') || !isThumbprint(thumbprint)) return undefined;
  return { method, thumbprint };
}

/** The claim that `readConfirmation` reads; no claim for a bearer token. */
export function confirmationClaim(confirmation: Confirmation | undefined): JsonObject {
  return confirmation ? { cnf: { [confirmation.method]: confirmation.thumbprint } } : {};
}

/**
 * The `x5t#S256` of a certificate in PEM or DER (RFC 8705 section 3.1). Undefined if it is none. Of
 * several in one PEM the first counts, which is the client's own.
 */
export function certificateThumbprint(certificate: string | Uint8Array): string | undefined {
  try {
    return sha256(new X509Certificate(certificate).raw);
  } catch {
    return undefined;
  }
}

/** A SHA-256 in base64url. */
export function sha256(data: string | Uint8Array): string {
  return hash('sha256', data, 'base64url');
}
