import { hash, type KeyObject } from 'node:crypto';
import type { VerifyKey } from '@signum/token';
import { ACCESS_TYPE, algorithmSpec, cryptoKeyInput, headerSegment } from '@signum/token';
import type { ExternalSigner } from '../keys/external-signer.ts';
import type { ImportedKey, PublicJwk } from '../keys/import-jwk.ts';

/** A key of the ring: bound to one algorithm, able to verify and, with a signer, to sign. */
export interface RingKey extends VerifyKey {
  readonly keyId: string;
  /** SHA-256 of the public key or the HMAC secret: what two keys of one id differ in. Never told. */
  readonly digest: string;
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
    digest: digestOf(verifyKey),
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

function digestOf(key: KeyObject): string {
  const bytes = key.type === 'secret' ? key.export() : key.export({ type: 'spki', format: 'der' });
  return hash('sha256', bytes, 'base64url');
}
