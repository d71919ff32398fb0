import { constants, type KeyObject } from 'node:crypto';
import type { Algorithm } from './algorithm.ts';

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
