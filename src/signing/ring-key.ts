import type { KeyObject } from 'node:crypto';
import { type Algorithm, algorithmSpec } from './algorithm.ts';
import { type CryptoKeyInput, cryptoKeyInput } from './crypto-key-input.ts';
import type { ExternalSigner } from './external-signer.ts';
import type { ImportedKey, PublicJwk } from './import-jwk.ts';
import { ACCESS_TYPE, headerSegment } from './token-header.ts';

/** A key of the ring: bound to one algorithm, able to verify and, with a signer, to sign. */
export interface RingKey {
  readonly keyId: string;
  readonly algorithm: Algorithm;
  /** The public key, or the secret of an HMAC key. */
  readonly verifyKey: KeyObject;
  readonly verifyInput: CryptoKeyInput;
  readonly signatureBytes: number;
  /** Absent for HMAC keys, which are never published. */
  readonly publicJwk: PublicJwk | undefined;
  /** Absent if only verification is possible. */
  readonly signer: ExternalSigner | undefined;
  /** First segment of every access token that the key signs. */
  readonly header: string;
}

export function ringKey(imported: ImportedKey, signer: ExternalSigner | undefined): RingKey {
  const { keyId, algorithm, verifyKey, publicJwk } = imported;
  return {
    keyId,
    algorithm,
    verifyKey,
    verifyInput: cryptoKeyInput(verifyKey, algorithm),
    signatureBytes:
      algorithmSpec(algorithm).signatureBytes ??
      Math.ceil((verifyKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8),
    publicJwk,
    signer,
    header: headerSegment(algorithm, ACCESS_TYPE, keyId),
  };
}
