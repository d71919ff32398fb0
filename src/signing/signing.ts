import type { AccessClaims, JsonObject, RefreshClaims, UnverifiedAccess } from '@signum/token';
import type { Deadline } from '../domain/call.ts';
import type { TokenFault } from '../domain/verdict.ts';

/** Signs, reads and verifies tokens. The only code that knows what a token looks like. */
export interface Signing {
  /** `kid` of the key that signs now. */
  currentKeyId(): string;
  /**
   * Revokes a key that the store already refuses, so that another signs from now on, here and on every
   * server. Idempotent. Throws what the store throws.
   */
  dropKey(keyId: string, deadline: Deadline): Promise<void>;
  /** Whether this server can sign with the key of this id: it is in the ring and not revoked. */
  signsWith(keyId: string): boolean;
  /** Whether a key is in the ring and not revoked, as far as this server knows. For the hot path. */
  holdsKey(keyId: string): boolean;
  /** The same, after a look into the store if this server does not know of it. */
  findsKey(keyId: string): Promise<boolean>;
  /**
   * Signs an access token with the named key, or with the current one if the named one has left the
   * ring. Resolves to the compact JWS.
   */
  signAccess(claims: AccessClaims, keyId: string): Promise<string>;
  /**
   * Signs an introspection response for a resource server with the current key (RFC 9701); undefined if
   * that key has no public half.
   */
  signIntrospection(response: JsonObject, audience: string): Promise<string | undefined>;
  /**
   * What the store keeps to recognise a signed access token by, under the key that signed it. It does
   * not give the token away, and nobody can make one without the root secret. 22 characters of
   * base64url; empty if this server has never had the key.
   */
  fingerprint(accessToken: string, keyId: string): string;
  /** Signs a refresh token with the server-only key (HS256). */
  signRefresh(claims: RefreshClaims): Promise<string>;
  /**
   * Reads an access token strictly: canonical form, header, issuer, claims; neither signature nor
   * expiry nor audience. Synchronous and fast: this is the hot path.
   */
  readAccess(token: string): UnverifiedAccess | TokenFault;
  /** Whether the token is signed by the key that its header names, and that key is not revoked. */
  verifyAccess(token: string, unverified: UnverifiedAccess): Promise<boolean>;
  /**
   * Reads a refresh token and verifies its signature; expiry is the store's to judge. Rejects with
   * TOKEN_INVALID for everything else, tokens of another type among it.
   */
  readRefresh(token: string): Promise<RefreshClaims>;
  /** Whether the token's header says `rt+jwt`. Never throws. */
  looksLikeRefresh(token: string): boolean;
}
