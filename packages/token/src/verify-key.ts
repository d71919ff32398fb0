import type { KeyObject } from 'node:crypto';
import type { Algorithm } from './algorithm.ts';
import type { CryptoKeyInput } from './crypto-key-input.ts';

/** A key that signatures are verified with, bound to one algorithm. */
export interface VerifyKey {
  readonly algorithm: Algorithm;
  /** The public key, or the secret of an HMAC key. */
  readonly verifyKey: KeyObject;
  readonly verifyInput: CryptoKeyInput;
  /** Exact length of a signature. */
  readonly signatureBytes: number;
}
