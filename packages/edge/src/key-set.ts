import { createPublicKey, type webcrypto } from 'node:crypto';
import { algorithmSpec, cryptoKeyInput, isAlgorithm, KEY_ID, type VerifyKey } from '@signum/token';

type Jwk = webcrypto.JsonWebKey & { readonly kid?: unknown };

/** The deployment's public keys, by their ids. */
export type KeySet = ReadonlyMap<string, VerifyKey>;

/**
 * Reads a JSON Web Key Set (RFC 7517 section 5) as the feed carries it. A key that is not understood
 * is left out: of its tokens the server is asked.
 *
 * @throws if the text is no key set at all
 */
export function readKeySet(jwksJson: string): KeySet {
  const { keys } = JSON.parse(jwksJson) as { keys: readonly Jwk[] };
  if (!Array.isArray(keys)) throw new Error('the feed carried no JSON Web Key Set');
  const known = new Map<string, VerifyKey>();
  for (const jwk of keys) {
    const key = readKey(jwk);
    if (key !== undefined && typeof jwk.kid === 'string' && KEY_ID.test(jwk.kid)) {
      known.set(jwk.kid, key);
    }
  }
  return known;
}

function readKey(jwk: Jwk): VerifyKey | undefined {
  const algorithm = jwk.alg;
  if (!isAlgorithm(algorithm)) return undefined;
  const { keyType, signatureBytes } = algorithmSpec(algorithm);
  if (keyType === 'oct' || keyType !== jwk.kty) return undefined;
  try {
    const verifyKey = createPublicKey({ key: jwk, format: 'jwk' });
    const modulusBytes = (verifyKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
    return {
      algorithm,
      verifyKey,
      verifyInput: cryptoKeyInput(verifyKey, algorithm),
      signatureBytes: signatureBytes ?? modulusBytes,
    };
  } catch {
    return undefined;
  }
}

/** Whether tokens that were verified by one set are just as good by another. */
export function keepsKeysOf(before: KeySet, after: KeySet): boolean {
  return [...before].every(([keyId, { algorithm, verifyKey }]) => {
    const now = after.get(keyId);
    return now?.algorithm === algorithm && now.verifyKey.equals(verifyKey);
  });
}
