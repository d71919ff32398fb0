import type { JsonObject, JsonValue } from '../claims.ts';
import { decodeSegment, splitCompact } from '../compact.ts';
import { sha256 } from '../confirmation.ts';
import { readJsonObject } from '../json-object.ts';
import { verifySignature } from '../verify-signature.ts';
import { type ProofKey, readProofKey } from './proof-key.ts';
import { targetUri } from './target-uri.ts';

/** What a proof has to be about. */
export interface ExpectedProof {
  /** The request's method, as sent: methods are case-sensitive. */
  readonly method: string;
  /** The request's URI as `targetUri` gives it. */
  readonly uri: string;
  /** The access token that is presented along with it; absent where there is none. */
  readonly accessToken?: string | undefined;
}

/**
 * A proof whose form, signature and subject are right. What takes a clock or a memory is left to
 * whoever has them: it holds only from `fromS` to `untilS`, and only once for its key and id.
 */
export interface CheckedProof {
  /** Thumbprint of the key that signed it, to be the `jkt` of the token. */
  readonly thumbprint: string;
  /** `jti` */
  readonly proofId: string;
  /** `nonce`, if it has one. */
  readonly nonce: string | undefined;
  /** Seconds since the epoch. */
  readonly fromS: number;
  /** Seconds since the epoch. */
  readonly untilS: number;
}

/**
 * Why a proof is refused: its form or key, its signature, or because it was made for another method,
 * another URI or another token.
 */
export type ProofFault =
  | 'PROOF_MALFORMED'
  | 'PROOF_SIGNATURE'
  | 'PROOF_METHOD'
  | 'PROOF_URI'
  | 'PROOF_TOKEN';

export interface ProofWindow {
  /** How long a proof holds after it was made, in seconds. */
  readonly ageS: number;
  /** How far ahead the maker's clock may be, in seconds. */
  readonly skewS: number;
}

/** Checks a DPoP proof (RFC 9449 section 4.3). */
export type CheckProof = (proof: string, expected: ExpectedProof) => CheckedProof | ProofFault;

/** Keys that are kept ready. A client signs with one for as long as it lives. */
const KEPT_KEYS = 2_048;

const MAX_PROOF_ID_LENGTH = 256;
const MAX_NONCE_LENGTH = 256;

/**
 * Makes the check. It keeps the keys of proofs whose signature was right, by the text of their header
 * and no more than a bound: importing a key takes as long as a good part of verifying with it.
 */
export function createProofCheck({ ageS, skewS }: ProofWindow): CheckProof {
  const kept = new Map<string, ProofKey>();

  const keep = (header: string, key: ProofKey): void => {
    if (kept.size >= KEPT_KEYS) kept.delete(kept.keys().next().value ?? '');
    kept.set(header, key);
  };

  return (proof, expected) => {
    const compact = splitCompact(proof);
    if (compact === undefined) return 'PROOF_MALFORMED';
    const known = kept.get(compact.header);
    const key = known ?? readHeader(compact.header);
    const claims = readClaims(compact.payload);
    const signature = decodeSegment(compact.signature);
    if (key === undefined || claims === undefined || signature === undefined) {
      return 'PROOF_MALFORMED';
    }
    const input = Buffer.from(proof.slice(0, -compact.signature.length - 1), 'latin1');
    if (!verifySignature(key.key, input, signature)) return 'PROOF_SIGNATURE';
    if (known === undefined) keep(compact.header, key);
    return (
      faultOf(claims, expected) ?? {
        thumbprint: key.thumbprint,
        proofId: claims.jti,
        nonce: claims.nonce,
        fromS: Math.max(claims.iat, claims.nbf ?? 0) - skewS,
        untilS: Math.min(claims.iat + ageS, claims.exp ?? Number.POSITIVE_INFINITY),
      }
    );
  };
}

/**
 * `typ`, `alg` and `jwk`, and nothing else: no `crit`, `jku` or `x5c`. Libraries whose keys have names
 * add a `kid`; it says nothing that the key itself does not (RFC 7515 section 4.1.4), and is not looked at.
 */
function readHeader(segment: string): ProofKey | undefined {
  const header = readObject(segment);
  if (header === undefined) return undefined;
  const { typ, alg, jwk, kid, ...others } = header;
  if (typ !== 'dpop+jwt' || Object.keys(others).length > 0) return undefined;
  return kid === undefined || typeof kid === 'string' ? readProofKey(alg, jwk) : undefined;
}

interface ProofClaims {
  readonly jti: string;
  readonly htm: string;
  readonly htu: string;
  readonly iat: number;
  readonly nbf: number | undefined;
  readonly exp: number | undefined;
  readonly ath: string | undefined;
  readonly nonce: string | undefined;
}

/** Claims that Signum does not know are of no consequence (RFC 9449 section 4.2, RFC 7519 section 4). */
function readClaims(segment: string): ProofClaims | undefined {
  const payload = readObject(segment);
  if (payload === undefined) return undefined;
  const { jti, htm, htu, iat, nbf, exp, ath, nonce } = payload;
  const wellFormed =
    isText(jti, MAX_PROOF_ID_LENGTH) &&
    typeof htm === 'string' &&
    typeof htu === 'string' &&
    isDate(iat) &&
    (nbf === undefined || isDate(nbf)) &&
    (exp === undefined || isDate(exp)) &&
    (ath === undefined || typeof ath === 'string') &&
    (nonce === undefined || isText(nonce, MAX_NONCE_LENGTH));
  return wellFormed ? { jti, htm, htu, iat, nbf, exp, ath, nonce } : undefined;
}

function readObject(segment: string): JsonObject | undefined {
  const bytes = decodeSegment(segment);
  return bytes && readJsonObject(bytes);
}

function isText(value: JsonValue | undefined, most: number): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= most;
}

/** A NumericDate (RFC 7519 section 2), which may have a fraction. */
function isDate(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Math.abs(value) <= Number.MAX_SAFE_INTEGER;
}

function faultOf({ htm, htu, ath }: ProofClaims, expected: ExpectedProof): ProofFault | undefined {
  if (htm !== expected.method) return 'PROOF_METHOD';
  if (htu !== expected.uri && targetUri(htu) !== expected.uri) return 'PROOF_URI';
  if (expected.accessToken !== undefined && ath !== sha256(expected.accessToken))
    return 'PROOF_TOKEN';
  return undefined;
}
