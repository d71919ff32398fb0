import { type Confirmation, type DeviceRef, targetUri } from '@signum/token';
import type { Deadline } from '../domain/call.ts';
import { SignumError } from '../domain/errors.ts';
import type { KeyProof, KeyProofFault } from '../domain/key-proof.ts';
import { useProof } from '../store/sessions/prove.ts';
import type { TokenDeps } from './deps.ts';

/** A token that is presented, as far as its key goes. */
export interface BoundToken {
  readonly device: Pick<DeviceRef, 'tenantId' | 'userId'>;
  readonly confirmation?: Confirmation | undefined;
  /** An access token as text: a proof has to be about it. Absent for a refresh token. */
  readonly accessToken?: string | undefined;
}

/**
 * Whether whoever presents a token holds the key that it is bound to; undefined if so, or if it is
 * bound to none. A proof is used up by it. A proof for a token that is bound to no key is refused:
 * whoever made it believes the token safe from theft, which it is not (RFC 9449 section 7.1).
 */
export async function proveKey(
  deps: Pick<TokenDeps, 'store' | 'checkProof' | 'nonces'>,
  { device, confirmation, accessToken }: BoundToken,
  proof: KeyProof,
  deadline: Deadline,
): Promise<KeyProofFault | undefined> {
  if (confirmation === undefined) return proof.dpop === undefined ? undefined : 'KEY_PROOF_INVALID';
  if (confirmation.method === 'x5t#S256') {
    if (proof.certificateThumbprint === undefined) return 'KEY_PROOF_REQUIRED';
    return proof.certificateThumbprint === confirmation.thumbprint
      ? undefined
      : 'KEY_PROOF_INVALID';
  }
  if (proof.dpop === undefined) return 'KEY_PROOF_REQUIRED';
  const uri = targetUri(proof.uri);
  if (uri === undefined) return 'KEY_PROOF_INVALID';
  const checked = deps.checkProof(proof.dpop, { method: proof.method, uri, accessToken });
  if (typeof checked === 'string' || checked.thumbprint !== confirmation.thumbprint) {
    return 'KEY_PROOF_INVALID';
  }
  if (deps.nonces?.isFresh(checked.nonce) === false) return 'KEY_PROOF_NONCE';
  const use = await useProof(deps.store, device, checked, deadline);
  return use === 'FRESH' ? undefined : 'KEY_PROOF_INVALID';
}

const MESSAGE: Readonly<Record<KeyProofFault, string>> = {
  KEY_PROOF_REQUIRED: 'the token is bound to a key, and nothing shows that the caller holds it',
  KEY_PROOF_INVALID: 'the proof of the key is not good for this token and this request',
  KEY_PROOF_NONCE: 'the proof of the key must hold the nonce in the metadata',
};

/** What the next proof has to hold, if that is what is wrong. */
export function nonceFor({ nonces }: Pick<TokenDeps, 'nonces'>, fault: KeyProofFault) {
  return fault === 'KEY_PROOF_NONCE' ? nonces?.current() : undefined;
}

/** The same where it is no verdict but an error. */
export async function requireKey(
  deps: Pick<TokenDeps, 'store' | 'checkProof' | 'nonces'>,
  token: BoundToken,
  proof: KeyProof,
  deadline: Deadline,
): Promise<void> {
  const fault = await proveKey(deps, token, proof, deadline);
  if (fault === undefined) return;
  const nonce = nonceFor(deps, fault);
  const metadata = nonce === undefined ? {} : { nonce };
  throw new SignumError(fault, MESSAGE[fault], { metadata });
}
