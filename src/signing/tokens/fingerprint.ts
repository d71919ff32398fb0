import { hash } from 'node:crypto';
import type { RootSecret } from '../../domain/root-secret.ts';

const LENGTH = 22;

/**
 * Makes the function that takes an access token's fingerprint: SHA-512/256 (FIPS 180-4 section 5.3.6)
 * of a key and then the token, base64url, cut to 22 characters, which are 132 bits. Every session
 * carries one. RFC 2104 section 5 asks for at least half of a hash, 128 bits: to guess one blindly, in
 * calls to this service, is all that the cut makes easier, and it stays out of reach.
 * It is keyed because a fingerprint stands in for a signature: with a bare hash, whoever can write to
 * the store, or restores a stolen copy of it under other secrets, could have tokens accepted that no
 * key of the deployment has signed. A key in front is enough with a hash that, unlike SHA-256, tells
 * too little of its state for anybody to go on hashing from there, and takes half the time of an HMAC,
 * which every validation of a token would pay.
 * The digest of the key that signed the token goes in as well: under another key of the same id, as
 * after a file was replaced, the token has another fingerprint.
 */
export function createFingerprint(root: Pick<RootSecret, 'fingerprintKey'>) {
  const key = Buffer.from(root.fingerprintKey().reveal()).toString('base64url');
  return (token: string, keyDigest = ''): string =>
    hash('sha512-256', key + keyDigest + token, 'base64url').slice(0, LENGTH);
}
