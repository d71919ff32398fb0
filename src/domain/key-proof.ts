/**
 * What a client shows of the key that its token is bound to: a DPoP proof (RFC 9449), a TLS client
 * certificate (RFC 8705), or neither.
 */
export interface KeyProof {
  /** The proof as it came in the header `DPoP`; undefined without one. */
  readonly dpop: string | undefined;
  /** The method of the request that it came with. */
  readonly method: string;
  /** The URI of that request, in any spelling. */
  readonly uri: string;
  /** SHA-256 of the certificate that was shown over TLS, in base64url; undefined without one. */
  readonly certificateThumbprint: string | undefined;
}

/** Of a client that shows nothing. */
export const NO_PROOF: KeyProof = {
  dpop: undefined,
  method: '',
  uri: '',
  certificateThumbprint: undefined,
};

/** Why a token that is bound to a key is refused, or a proof of a token that is not. */
export type KeyProofFault =
  /** There is no proof of the kind that the token needs. */
  | 'KEY_PROOF_REQUIRED'
  /** The proof is not good: not the key's, not for this request or token, too old, or used before. */
  | 'KEY_PROOF_INVALID'
  /** The proof has to hold a nonce of Signum's, and holds none that is fresh. */
  | 'KEY_PROOF_NONCE';
