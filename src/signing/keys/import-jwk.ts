import {
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  type KeyObject,
  type webcrypto,
} from 'node:crypto';
import { type Algorithm, algorithmSpec, isAlgorithm, KEY_ID } from '@signum/token';
import type { JWK } from 'jose';
import { invalidField, type SignumError } from '../../domain/errors.ts';
import { keyIdOf } from './key-id.ts';

/** A public key as it appears in the key set: `kty`, its parameters, `use`, `alg`, `kid`. */
export type PublicJwk = Readonly<Record<string, string>>;

/** A key that has been checked: type, curve, size, id and algorithm fit together. */
export interface ImportedKey {
  readonly keyId: string;
  readonly algorithm: Algorithm;
  readonly verifyKey: KeyObject;
  /** The private key or HMAC secret; absent for a public key. */
  readonly signingKey: KeyObject | undefined;
  /** Absent for an HMAC key. */
  readonly publicJwk: PublicJwk | undefined;
}

export interface ImportContext {
  /** Where the key comes from, as errors name it. */
  readonly from: string;
  /** The algorithm of a key that names none, if it fits the key's type. */
  readonly preferred?: Algorithm | undefined;
}

const MIN_MODULUS_BITS = 2048;
/** A longer signature would not leave room in a token: see domain/token-size.ts. */
const MAX_MODULUS_BITS = 4096;
const MIN_PUBLIC_EXPONENT = 65537n;

/**
 * Takes a JSON Web Key (RFC 7517), private or public. Honours `kid` and `alg`; `Ed25519` (RFC 9864)
 * is taken for EdDSA. Throws INVALID_FIELD, never with any part of the key in it.
 */
export async function importJwk(jwk: JWK, context: ImportContext): Promise<ImportedKey> {
  const refuse = (rule: string): SignumError => invalidField(context.from, rule);
  const operations = operationsOf(jwk, refuse);
  if (jwk.kid !== undefined && !(typeof jwk.kid === 'string' && KEY_ID.test(jwk.kid))) {
    throw refuse('must have a key id of 1 to 128 characters of A-Z a-z 0-9 . _ -');
  }
  const algorithm = chooseAlgorithm(jwk, context.preferred);
  if (algorithm === undefined || algorithmSpec(algorithm).keyType !== jwk.kty) {
    throw refuse('must have an algorithm that Signum knows and that fits the type of the key');
  }
  const keys = algorithmSpec(algorithm).keyType === 'oct' ? secretKeys(jwk) : keyPair(jwk);
  const weakness =
    keys === undefined ? 'is not a well-formed key' : weaknessOf(keys.verifyKey, algorithm);
  if (keys === undefined || weakness !== undefined)
    throw refuse(weakness ?? 'is not a well-formed key');
  const keyId = jwk.kid ?? (await keyIdOf(jwk));
  const publicJwk = jwk.kty === 'oct' ? undefined : publish(keys.verifyKey, keyId, algorithm);
  const { verifyKey } = keys;
  const signingKey = operations.has('sign') ? keys.signingKey : undefined;
  return { keyId, algorithm, publicJwk, verifyKey, signingKey };
}

const ALL_OPERATIONS: ReadonlySet<string> = new Set(['sign', 'verify']);

/**
 * What the key may be used for (RFC 7517 sections 4.2 and 4.3). The public part of a private key that may
 * sign verifies: that is what the key set publishes it for.
 */
function operationsOf(
  { use, key_ops: listed, kty }: JWK,
  refuse: (rule: string) => SignumError,
): ReadonlySet<string> {
  if (use !== undefined && use !== 'sig') throw refuse('must be a key for signatures (use)');
  if (listed === undefined) return ALL_OPERATIONS;
  const operations = new Set<unknown>(Array.isArray(listed) ? listed : []);
  const isKnown = [...operations].every((each) => ALL_OPERATIONS.has(String(each)));
  if (!isKnown || operations.size === 0 || operations.size !== listed.length) {
    throw refuse('must be a key for signatures: key_ops may hold sign and verify, each once');
  }
  if (kty === 'oct' && !operations.has('verify')) {
    throw refuse('must be allowed to verify by its key_ops, as it is a shared secret');
  }
  return operations as ReadonlySet<string>;
}

function chooseAlgorithm(jwk: JWK, preferred: Algorithm | undefined): Algorithm | undefined {
  if (jwk.alg === 'Ed25519') return 'EdDSA';
  if (jwk.alg !== undefined) return isAlgorithm(jwk.alg) ? jwk.alg : undefined;
  if (preferred !== undefined && algorithmSpec(preferred).keyType === jwk.kty) return preferred;
  switch (jwk.kty) {
    case 'oct':
      return 'HS256';
    case 'RSA':
      return 'RS256';
    case 'EC':
      return 'ES256';
    case 'OKP':
      return 'EdDSA';
    default:
      return undefined;
  }
}

type Keys = Pick<ImportedKey, 'verifyKey' | 'signingKey'>;

function secretKeys(jwk: JWK): Keys | undefined {
  const secret = Buffer.from(jwk.k ?? '', 'base64url');
  if (secret.length === 0 || secret.toString('base64url') !== jwk.k) return undefined;
  const key = createSecretKey(secret);
  return { verifyKey: key, signingKey: key };
}

/** OpenSSL's own errors are dropped: they may quote the input. */
function keyPair(jwk: JWK): Keys | undefined {
  try {
    const key = jwk as webcrypto.JsonWebKey;
    const signingKey = jwk.d === undefined ? undefined : createPrivateKey({ key, format: 'jwk' });
    const { d: _, ...publicPart } = key;
    return { verifyKey: createPublicKey({ key: publicPart, format: 'jwk' }), signingKey };
  } catch {
    return undefined;
  }
}

/** RFC 7518 sections 3.2 to 3.5, RFC 8037 section 3.1. */
function weaknessOf(key: KeyObject, algorithm: Algorithm): string | undefined {
  const { keyType, signatureBytes } = algorithmSpec(algorithm);
  const { modulusLength = 0, publicExponent = 0n, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (keyType === 'oct') {
    return (key.symmetricKeySize ?? 0) < (signatureBytes ?? 0)
      ? `must be at least ${signatureBytes} bytes long for ${algorithm}`
      : undefined;
  }
  if (keyType === 'RSA') {
    const sized = modulusLength >= MIN_MODULUS_BITS && modulusLength <= MAX_MODULUS_BITS;
    return !sized || publicExponent < MIN_PUBLIC_EXPONENT
      ? `must have a modulus of ${MIN_MODULUS_BITS} to ${MAX_MODULUS_BITS} bits and an exponent of at least 65537`
      : undefined;
  }
  const fits = keyType === 'EC' ? namedCurve === 'prime256v1' : key.asymmetricKeyType === 'ed25519';
  return fits ? undefined : `must be on the curve of ${algorithm}`;
}

/** Exported from the public key alone: no private member can slip in. */
function publish(key: KeyObject, keyId: string, algorithm: Algorithm): PublicJwk {
  const jwk = key.export({ format: 'jwk' }) as Record<string, string>;
  return { ...jwk, use: 'sig', alg: algorithm, kid: keyId };
}
