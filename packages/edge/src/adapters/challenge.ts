import { PROOF_ALGORITHMS, type TokenScheme } from '@signum/token';
import type { VerdictName } from '../verdict.ts';
import type { GuardOptions } from './guard-options.ts';

const ALGORITHMS = `algs="${PROOF_ALGORITHMS.join(' ')}"`;
/** RFC 9449 sections 7.1 and 9. Of a certificate the error is that of the token (RFC 8705 section 3). */
const PROOF_ERROR: Readonly<Partial<Record<Refused, string>>> = {
  KEY_PROOF_INVALID: 'invalid_dpop_proof',
  KEY_PROOF_NONCE: 'use_dpop_nonce',
};

/** Why a request is refused: besides for a verdict, because it has no token, or no single one. */
type Refused = VerdictName | 'NONE' | 'UNUSABLE';

/** What `www-authenticate` says in a scheme, as RFC 6750 section 3 has it, or RFC 9449 section 7.1. */
export function challengeFor(refused: Refused, scheme: TokenScheme, options: GuardOptions): string {
  const { realm } = options;
  const all = [
    ...(realm === undefined ? [] : [`realm="${realm}"`]),
    ...(refused === 'NONE' ? [] : parametersOf(refused, scheme, options)),
    ...(scheme === 'DPoP' ? [ALGORITHMS] : []),
  ];
  return [scheme, all.join(', ')].join(' ').trimEnd();
}

function parametersOf(
  refused: Refused,
  scheme: TokenScheme,
  { scopes = [], acrValues = [], maxAgeS }: GuardOptions,
): readonly string[] {
  switch (refused) {
    case 'INSUFFICIENT_SCOPE':
      return ['error="insufficient_scope"', `scope="${scopes.join(' ')}"`];
    case 'INSUFFICIENT_AUTHENTICATION':
      // RFC 9470 section 3.
      return [
        'error="insufficient_user_authentication"',
        ...(acrValues.length === 0 ? [] : [`acr_values="${acrValues.join(' ')}"`]),
        ...(maxAgeS === undefined ? [] : [`max_age="${maxAgeS}"`]),
      ];
    default: {
      const proofError = scheme === 'DPoP' ? PROOF_ERROR[refused] : undefined;
      return [`error="${proofError ?? 'invalid_token'}"`];
    }
  }
}
