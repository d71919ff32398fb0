import { createPublicKey, type KeyObject, type webcrypto } from 'node:crypto';
import { type Algorithm, algorithmSpec } from '../algorithm.ts';
import type { JsonObject, JsonValue } from '../claims.ts';
import { decodeSegment } from '../compact.ts';
import { sha256 } from '../confirmation.ts';
import { cryptoKeyInput, type VerifyKey } from '../verify-signature.ts';

/** The public key in a proof's header, checked and ready to verify with. */
export interface ProofKey {
  readonly key: VerifyKey;
  /** `jkt` (RFC 9449 section 6.1): the key's SHA-256 thumbprint (RFC 7638) in base64url. */
  readonly thumbprint: string;
}

/**
 * The values of `alg` that a proof may have, as server metadata names them. `Ed25519` (RFC 9864) is
 * EdDSA.
 */
export const PROOF_ALGORITHMS = ['ES256', 'PS256', 'RS256', 'EdDSA', 'Ed25519'] as const;

/** The members that a thumbprint is taken over, in its order (RFC 7638 section 3.2, RFC 8037). */
const ESSENTIAL: Readonly<Record<string, readonly string[]>> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
};

/** Members that say nothing about which key it is; libraries export them along (RFC 7517, WebCrypto). */
const INCIDENTAL: ReadonlySet<string> = new Set(['alg', 'use', 'kid', 'key_ops', 'ext']);

/** A larger modulus would let a stranger choose what verifying costs. */
const MODULUS_BYTES = { least: 256, most: 512 };

/**
 * Takes the key of a proof: public, of a kind that fits the algorithm, and strong. Undefined for
 * private and symmetric keys (RFC 9449 section 4.2), for keys meant for something else, and for
 * members that Signum does not know.
 */
export function readProofKey(alg: JsonValue | undefined, jwk: JsonValue | undefined) {
  const algorithm = proofAlgorithm(alg);
  if (algorithm === undefined || typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) {
    return undefined;
  }
  const names = typeof jwk['kty'] === 'string' ? ESSENTIAL[jwk['kty']] : undefined;
  if (names === undefined || jwk['kty'] !== algorithmSpec(algorithm).keyType) return undefined;
  if (!isForProofs(jwk, alg) || !hasOnly(jwk, names) || !isStrong(jwk, algorithm)) return undefined;
  const essential = Object.fromEntries(names.map((name) => [name, jwk[name] ?? null]));
  const verifyKey = importKey(essential);
  if (verifyKey === undefined) return undefined;
  const key: VerifyKey = {
    algorithm,
    verifyKey,
    verifyInput: cryptoKeyInput(verifyKey, algorithm),
    signatureBytes:
      algorithmSpec(algorithm).signatureBytes ?? Buffer.byteLength(`${jwk['n']}`, 'base64url'),
  };
  return { key, thumbprint: sha256(JSON.stringify(essential)) } satisfies ProofKey;
}

function proofAlgorithm(alg: JsonValue | undefined): Algorithm | undefined {
  const name = PROOF_ALGORITHMS.find((known) => known === alg);
  return name === 'Ed25519' ? 'EdDSA' : name;
}

function hasOnly(jwk: JsonObject, names: readonly string[]): boolean {
  return (
    names.every((name) => typeof jwk[name] === 'string') &&
    Object.keys(jwk).every((name) => names.includes(name) || INCIDENTAL.has(name))
  );
}

/** RFC 7517 sections 4.2 to 4.4: what a key says it is for is binding. */
function isForProofs({ use, key_ops: operations, alg: bound }: JsonObject, alg: JsonValue = '') {
  return (
    (use === undefined || use === 'sig') &&
    (operations === undefined || (Array.isArray(operations) && operations.includes('verify'))) &&
    (bound === undefined || proofAlgorithm(bound) === proofAlgorithm(alg))
  );
}

function isStrong({ crv, x, y, e, n }: JsonObject, algorithm: Algorithm): boolean {
  if (algorithm === 'ES256') return crv === 'P-256' && bytesOf(x) === 32 && bytesOf(y) === 32;
  if (algorithm === 'EdDSA') return crv === 'Ed25519' && bytesOf(x) === 32;
  const bytes = bytesOf(n);
  return e === 'AQAB' && bytes >= MODULUS_BYTES.least && bytes <= MODULUS_BYTES.most;
}

/** Length of what is encoded in base64url; -1 if it is not, or not in its one spelling. */
function bytesOf(value: JsonValue | undefined): number {
  return typeof value === 'string' ? (decodeSegment(value)?.length ?? -1) : -1;
}

/** OpenSSL refuses a point that is not on its curve. Its own error is dropped: it may quote the key. */
function importKey(jwk: JsonObject): KeyObject | undefined {
  try {
    return createPublicKey({ key: jwk as webcrypto.JsonWebKey, format: 'jwk' });
  } catch {
    return undefined;
  }
}
