/** The JWS algorithms (RFC 7518 section 3.1, RFC 8037 section 3.1) that Signum signs with. */
export type Algorithm = 'HS256' | 'HS384' | 'HS512' | 'RS256' | 'PS256' | 'ES256' | 'EdDSA';

/** What node:crypto must be told to do the same. */
export interface AlgorithmSpec {
  readonly keyType: 'oct' | 'RSA' | 'EC' | 'OKP';
  /** Absent where the algorithm hashes by itself. */
  readonly hash: 'sha256' | 'sha384' | 'sha512' | null;
  /** Exact length of a signature; null where it is the length of the modulus. */
  readonly signatureBytes: number | null;
}

const SPECS: Readonly<Record<Algorithm, AlgorithmSpec>> = {
  HS256: { keyType: 'oct', hash: 'sha256', signatureBytes: 32 },
  HS384: { keyType: 'oct', hash: 'sha384', signatureBytes: 48 },
  HS512: { keyType: 'oct', hash: 'sha512', signatureBytes: 64 },
  RS256: { keyType: 'RSA', hash: 'sha256', signatureBytes: null },
  PS256: { keyType: 'RSA', hash: 'sha256', signatureBytes: null },
  ES256: { keyType: 'EC', hash: 'sha256', signatureBytes: 64 },
  EdDSA: { keyType: 'OKP', hash: null, signatureBytes: 64 },
};

export const ALGORITHMS: readonly Algorithm[] = Object.keys(SPECS) as Algorithm[];

const NAMES: ReadonlySet<string> = new Set(ALGORITHMS);

/** Whether a name, spelled exactly so, is one of the algorithms. */
export function isAlgorithm(name: unknown): name is Algorithm {
  return typeof name === 'string' && NAMES.has(name);
}

export function algorithmSpec(algorithm: Algorithm): AlgorithmSpec {
  return SPECS[algorithm];
}
