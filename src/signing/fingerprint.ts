import { createHmac, createSecretKey } from 'node:crypto';
import type { RootSecret } from '../domain/root-secret.ts';

/**
 * Makes the function that takes an access token's fingerprint: HMAC-SHA256, base64url, 43 characters.
 * It is keyed because a fingerprint stands in for a signature: with a bare hash, whoever can write to
 * the store, or restores a stolen copy of it under other secrets, could have tokens accepted that no
 * key of the deployment has signed.
 */
export function createFingerprint(root: Pick<RootSecret, 'fingerprintKey'>) {
  const key = createSecretKey(root.fingerprintKey().reveal());
  return (token: string): string => createHmac('sha256', key).update(token).digest('base64url');
}
