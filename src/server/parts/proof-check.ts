import {
  type CheckProof,
  createProofCheck,
  createProofNonces,
  type ProofNonces,
} from '@signum/token';
import type { Config } from '../../config/config.ts';
import type { RootSecrets } from '../../domain/root-secret.ts';

/** How long a nonce for proofs is given out, in milliseconds; it is taken for as long again. */
const NONCE_PERIOD_MS = 60_000;

/** What checks the proofs of bound tokens, as the configuration has it. */
export function proofCheck(
  { proofs, sessions }: Config,
  secrets: RootSecrets,
): { readonly checkProof: CheckProof; readonly nonces: ProofNonces | undefined } {
  const checkProof = createProofCheck({
    ageS: proofs.lifetimeMs / 1000,
    skewS: sessions.clockSkewMs / 1000,
  });
  if (proofs.nonce === 'off') return { checkProof, nonces: undefined };
  const keys = secrets.all.map((secret) => secret.proofNonceKey().reveal());
  const nonces = createProofNonces({ secrets: keys, periodMs: NONCE_PERIOD_MS, now: Date.now });
  return { checkProof, nonces };
}
