import { type CheckedProof, type CheckProof, type Confirmation, targetUri } from '@signum/token';

/** What a token's holder has shown of the key that it is bound to, with the request it came with. */
export interface ShownKey {
  /** The header `DPoP` as it came; undefined if the token came under another scheme than DPoP. */
  readonly dpop?: string | undefined;
  /** The request's method, as it was sent. */
  readonly method: string;
  /** The request's URI as the client knows it; a query does not matter. Empty if it is not known. */
  readonly url: string;
  /** SHA-256 of the certificate that the client has shown over TLS, in base64url. */
  readonly certificateThumbprint?: string | undefined;
}

/** Why a token that is bound to a key is refused, or a proof of a token that is not. */
export type KeyFault =
  /** Nothing of the kind that the token needs was shown. */
  | 'KEY_PROOF_REQUIRED'
  /** What was shown is not good: not the key's, not for this request or token, too old, or used before. */
  | 'KEY_PROOF_INVALID'
  /** The proof has to hold a nonce of the server's. */
  | 'KEY_PROOF_NONCE';

/** `UNSURE`: the proof is genuine, and whether it is used for the first time has to be asked. */
export type KeyJudgement = 'PROVEN' | 'UNSURE' | KeyFault;

export type JudgeKey = (
  token: string,
  confirmation: Confirmation | undefined,
  shown: ShownKey | undefined,
) => KeyJudgement;

const NOTHING: ShownKey = { method: '', url: '' };

/** Whether a genuine proof is in time and used for the first time, if that can be told here. */
export type UseProof = (proof: CheckedProof) => KeyJudgement;

/**
 * Judges what was shown of a key as the server does. Nothing is taken for safer than it is: a bound
 * token without a proof is refused, and so is a proof of a token that is bound to no key (RFC 9449
 * section 7.1). A certificate is judged here as a whole. Of a DPoP proof everything is judged here but
 * whether it was used before, anywhere, which `use` tells.
 */
export function createJudgeKey(checkProof: CheckProof, use: UseProof): JudgeKey {
  function byProof(accessToken: string, thumbprint: string, shown: ShownKey): KeyJudgement {
    const { dpop, method } = shown;
    if (dpop === undefined) return 'KEY_PROOF_REQUIRED';
    const uri = targetUri(shown.url);
    const proof = uri === undefined ? uri : checkProof(dpop, { method, uri, accessToken });
    return typeof proof === 'object' && proof.thumbprint === thumbprint
      ? use(proof)
      : 'KEY_PROOF_INVALID';
  }

  return (token, confirmation, shown = NOTHING) => {
    if (confirmation === undefined) {
      return shown.dpop === undefined ? 'PROVEN' : 'KEY_PROOF_INVALID';
    }
    const { method, thumbprint } = confirmation;
    return method === 'jkt'
      ? byProof(token, thumbprint, shown)
      : byCertificate(thumbprint, shown.certificateThumbprint);
  };
}

function byCertificate(wanted: string, shown: string | undefined): KeyJudgement {
  if (shown === undefined) return 'KEY_PROOF_REQUIRED';
  return shown === wanted ? 'PROVEN' : 'KEY_PROOF_INVALID';
}
