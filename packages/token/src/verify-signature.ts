import { createHmac, timingSafeEqual, verify } from 'node:crypto';
import { algorithmSpec } from './algorithm.ts';
import type { VerifyKey } from './verify-key.ts';

/**
 * Whether a signature is the key's over the input, by the one algorithm the key is bound to. The
 * length is exact, so that neither DER nor padded signatures are looked at. The twin (r, n-s) of an
 * ECDSA signature is just as valid: state must be kept by token id, never by token text.
 */
export function verifySignature(key: VerifyKey, input: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== key.signatureBytes) return false;
  const { keyType, hash } = algorithmSpec(key.algorithm);
  if (keyType === 'oct' && hash !== null) {
    return timingSafeEqual(createHmac(hash, key.verifyKey).update(input).digest(), signature);
  }
  return verify(hash, input, key.verifyInput, signature);
}
