import { createHmac, createSecretKey } from 'node:crypto';
import type { RootSecret } from '../domain/root-secret.ts';

const LENGTH = 22;

/**
 * Makes the function that takes an access token's fingerprint: HMAC-SHA256, base64url, cut to 22
 * characters, which are 132 bits. Every session carries one. RFC 2104 section 5 asks for at least half
 * of the hash, 128 bits: to guess one blindly, in calls to this service, is all that the cut makes
 * easier, and it stays out of reach.
 * It is keyed because a fingerprint stands in for a signature: with a bare hash, whoever can write to
 * the store, or restores a stolen copy of it under other secrets, could have tokens accepted that no
 * key of the deployment has signed.
 */
export function createFingerprint(root: Pick<RootSecret, 'fingerprintKey'>) {
  const key = createSecretKey(root.fingerprintKey().reveal());
  return (token: string): string =>
    createHmac('sha256', key).update(token).digest('base64url').slice(0, LENGTH);
}
