import type { Confirmation, DeviceRef } from '@signum/token';
import type { Deadline } from '../domain/call.ts';
import type { Grant } from '../store/scripts/grant.ts';
import { noteFingerprint } from '../store/sessions/fingerprint.ts';
import type { TokenDeps } from './deps.ts';

export interface TokenPair {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly tokenId: string;
  readonly sessionId: string;
  readonly accessExpiresAtMs: number;
  readonly refreshExpiresAtMs: number;
  readonly scopes: readonly string[];
  /** The key that they are bound to. */
  readonly confirmation: Confirmation | undefined;
  /** What is left of the access token's life, by the store's clock. */
  readonly expiresInMs: number;
}

/**
 * Signs the tokens of a session as the store has granted it. The store comes first and the
 * signatures second, so that every instant in a token is by the store's clock, and a call that is
 * repeated signs the same ids again.
 */
export async function signPair(
  deps: Pick<TokenDeps, 'store' | 'signing'>,
  device: DeviceRef,
  grant: Grant,
  deadline: Deadline,
): Promise<TokenPair> {
  const { tenantId, userId, deviceId } = device;
  const ids = {
    device: { tenantId, userId, deviceId },
    sessionId: grant.sessionId,
    tokenId: grant.tokenId,
    issuedAtS: grant.issuedAtMs / 1000,
  };
  const [accessToken, refreshToken] = await Promise.all([
    deps.signing.signAccess(
      {
        ...grant,
        ...ids,
        expiresAtS: grant.accessExpiresAtMs / 1000,
      },
      grant.keyId,
    ),
    deps.signing.signRefresh({
      ...ids,
      confirmation: grant.confirmation,
      generation: grant.generation,
      expiresAtS: grant.refreshExpiresAtMs / 1000,
    }),
  ]);
  // Nobody waits for this: without a fingerprint a validation checks the signature, no more.
  const fingerprint = deps.signing.fingerprint(accessToken, grant.keyId);
  noteFingerprint(deps.store, device, grant.tokenId, fingerprint, deadline).catch(() => undefined);
  return {
    accessToken,
    refreshToken,
    tokenId: grant.tokenId,
    sessionId: grant.sessionId,
    accessExpiresAtMs: grant.accessExpiresAtMs,
    refreshExpiresAtMs: grant.refreshExpiresAtMs,
    scopes: grant.scopes,
    confirmation: grant.confirmation,
    expiresInMs: Math.max(0, grant.accessExpiresAtMs - grant.nowMs),
  };
}
