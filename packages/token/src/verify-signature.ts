import { constants, createHmac, type KeyObject, timingSafeEqual, verify } from 'node:crypto';
import { type Algorithm, algorithmSpec } from './algorithm.ts';

/** A key that signatures are verified with, bound to one algorithm. */
export interface VerifyKey {
  readonly algorithm: Algorithm;
  /** The public key, or the secret of an HMAC key. */
  readonly verifyKey: KeyObject;
  readonly verifyInput: CryptoKeyInput;
  /** Exact length of a signature. */
  readonly signatureBytes: number;
}

/** A key as `crypto.sign` and `crypto.verify` want it to produce and take JWS signatures. */
export type CryptoKeyInput = KeyObject | CryptoKeyOptions;

interface CryptoKeyOptions {
  readonly key: KeyObject;
  readonly dsaEncoding?: 'ieee-p1363';
  readonly padding?: number;
  readonly saltLength?: number;
}

/** RFC 7518 section 3.4: r and s side by side. Section 3.5: a salt as long as the hash. */
export function cryptoKeyInput(key: KeyObject, algorithm: Algorithm): CryptoKeyInput {
  if (algorithm === 'ES256') return { key, dsaEncoding: 'ieee-p1363' };
  if (algorithm === 'PS256') {
    return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  }
  return key;
}

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
