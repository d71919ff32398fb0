import { createHmac, type KeyObject, sign } from 'node:crypto';
import { type Algorithm, algorithmSpec, type CryptoKeyInput, cryptoKeyInput } from '@signum/token';
import { SignumError } from '../../domain/errors.ts';
import type { ExternalSigner } from './external-signer.ts';

interface LocalKey {
  readonly algorithm: Algorithm;
  readonly key: KeyObject;
  readonly input: CryptoKeyInput;
}

/**
 * Holds private keys and HMAC secrets in this process. It signs synchronously with node:crypto:
 * compared with Web Crypto, that is a third of the time for ES256 and a twentieth for HS256.
 */
export class LocalSigner implements ExternalSigner {
  readonly #keys = new Map<string, LocalKey>();

  add(keyId: string, algorithm: Algorithm, key: KeyObject): void {
    this.#keys.set(keyId, { algorithm, key, input: cryptoKeyInput(key, algorithm) });
  }

  /** Forgets a key, so that nothing can be signed with it from now on. */
  remove(keyId: string): void {
    this.#keys.delete(keyId);
  }

  holds(keyId: string): boolean {
    return this.#keys.has(keyId);
  }

  sign(input: Uint8Array, keyId: string, algorithm: Algorithm): Uint8Array {
    const local = this.#keys.get(keyId);
    if (local?.algorithm !== algorithm) {
      throw new SignumError('INTERNAL', 'the signing key is not held here under this algorithm');
    }
    const { keyType, hash } = algorithmSpec(algorithm);
    if (keyType === 'oct' && hash !== null) {
      return createHmac(hash, local.key).update(input).digest();
    }
    return sign(hash, input, local.input);
  }
}
