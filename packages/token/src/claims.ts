import type { Confirmation } from './confirmation.ts';
import type { GrantClaims } from './grant-claims.ts';
import type { DeviceRef } from './ids.ts';

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | JsonValue[]
  | { [key: string]: JsonValue };
export type JsonObject = { [key: string]: JsonValue };

/** The claims of an access token (RFC 9068 section 2.2), decoded. Instants in whole seconds. */
export interface AccessClaims extends GrantClaims {
  readonly device: DeviceRef;
  /** `sid` */
  readonly sessionId: string;
  /** `jti` */
  readonly tokenId: string;
  /** `iat`, seconds since the epoch. */
  readonly issuedAtS: number;
  /** `exp`, seconds since the epoch. */
  readonly expiresAtS: number;
  /** `nbf`, seconds since the epoch. Signum never writes it. */
  readonly notBeforeS?: number | undefined;
}

/** The claims of a refresh token; only Signum reads it. Instants in whole seconds. */
export interface RefreshClaims {
  readonly device: DeviceRef;
  readonly sessionId: string;
  /** `jti` of the access token issued together with this refresh token. */
  readonly tokenId: string;
  /** `cnf`: the key that the session's tokens are bound to. */
  readonly confirmation: Confirmation | undefined;
  /** The session's generation that this token stands for. */
  readonly generation: number;
  readonly issuedAtS: number;
  readonly expiresAtS: number;
}

/**
 * Whether text that `JSON.stringify` wrote holds half of a surrogate pair in any string: exactly
 * those are written as escapes. A backslash that is itself escaped does not start one.
 */
export function hasLoneSurrogate(canonicalText: string): boolean {
  return canonicalText.includes('\\ud') && /(?<!\\)(?:\\\\)*\\ud[89a-f]/.test(canonicalText);
}
