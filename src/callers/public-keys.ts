import { type JsonObject, PROOF_ALGORITHMS, readJsonObject, readProofKey } from '@signum/token';
import { invalidField, type SignumError } from '../domain/errors.ts';
import type { PublicKey } from './caller-record.ts';

/** All of them are read by every server whenever callers change. */
const MAX_KEYS = 4;
const MAX_BYTES = 8_192;

const KEY_ID = /^[!-~]{1,128}$/;
/** RFC 7518 section 6. */
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/**
 * Reads the public keys that a caller is to have: a JWK Set (RFC 7517 section 5). A key without a `kid`
 * gets its thumbprint (RFC 7638) for one.
 * @throws INVALID_FIELD, which quotes nothing: the keys may be private by mistake.
 */
export function readJwks(text: string): readonly PublicKey[] {
  const bytes = Buffer.from(text);
  if (bytes.length > MAX_BYTES) throw invalidField('jwks', `must be at most ${MAX_BYTES} bytes`);
  const { keys, ...others } = readJsonObject(bytes) ?? {};
  if (!Array.isArray(keys) || Object.keys(others).length > 0) {
    throw invalidField('jwks', 'must be a JWK Set: a JSON object with the member keys alone');
  }
  if (keys.length > MAX_KEYS) throw invalidField('jwks', `must hold at most ${MAX_KEYS} keys`);
  const read = keys.map((jwk, index) => {
    if (typeof jwk === 'object' && jwk !== null && !Array.isArray(jwk)) return readKey(jwk, index);
    throw badKey(index, 'must be an object');
  });
  if (new Set(read.map(({ kid }) => kid)).size < read.length) {
    throw invalidField('jwks', 'must hold keys that differ in their kid');
  }
  return read;
}

function readKey(jwk: JsonObject, index: number): PublicKey {
  if (PRIVATE.some((name) => name in jwk)) throw badKey(index, 'must hold no private member');
  const [key] = PROOF_ALGORITHMS.flatMap((algorithm) => readProofKey(algorithm, jwk) ?? []);
  if (key === undefined) {
    throw badKey(
      index,
      'must be a key to verify ES256 (P-256), EdDSA (Ed25519), RS256 or PS256 (2048 to 4096 bits), ' +
        'and hold no other members than kid, use, key_ops, alg and ext besides',
    );
  }
  const { kid = key.thumbprint } = jwk;
  if (typeof kid !== 'string' || !KEY_ID.test(kid)) {
    throw badKey(index, 'must have a kid of 1 to 128 visible characters of ASCII, or none');
  }
  return { ...jwk, kid };
}

function badKey(index: number, rule: string): SignumError {
  return invalidField(`jwks.keys[${index}]`, rule);
}
