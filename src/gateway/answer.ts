import { PROOF_ALGORITHMS } from '@signum/token';
import type { Verdict } from '../domain/verdict.ts';
import { type Demands, SCOPE_TOKEN } from './demands.ts';
import type { Identity } from './identity.ts';
import type { Presentation } from './presented-token.ts';

/** What a gateway is told: to let a request pass, or to refuse it with a challenge. */
export type Answer =
  | { readonly status: 200; readonly identity: Identity }
  | {
      readonly status: 401 | 403;
      /** For `www-authenticate`. */
      readonly challenge: string;
      /** For `dpop-nonce`: what the client's next proof has to hold. */
      readonly nonce?: string | undefined;
    };

type Refusal = Exclude<Presentation, object> | Verdict;

const DESCRIPTION: Readonly<Partial<Record<Refusal, string>>> = {
  EXPIRED: 'the token has expired',
  REVOKED: 'the token was revoked',
  SUPERSEDED: 'another session has taken the place of this one',
  UNKNOWN: 'the token is not active',
  WRONG_AUDIENCE: 'the token is meant for another audience',
};

/** RFC 9449 sections 7.1 and 9. */
const PROOF_ERROR: Readonly<Partial<Record<Refusal, string>>> = {
  KEY_PROOF_REQUIRED: 'invalid_token',
  KEY_PROOF_INVALID: 'invalid_dpop_proof',
  KEY_PROOF_NONCE: 'use_dpop_nonce',
};
const ALGORITHMS = PROOF_ALGORITHMS.join(' ');

/**
 * A refusal as RFC 6750 section 3 has it. Who has presented nothing is told no error, section 3.1. What
 * would be 400 there is 401: gateways take other statuses for a failure of their own.
 */
export function challenge(refusal: Refusal, demands: Demands, nonce?: string): Answer {
  if (refusal === 'NONE') return { status: 401, challenge: 'Bearer' };
  if (refusal === 'UNUSABLE') {
    return refused('invalid_request', 'exactly one token must be presented');
  }
  const proofError = PROOF_ERROR[refusal];
  if (proofError !== undefined) {
    return { status: 401, challenge: `DPoP error="${proofError}", algs="${ALGORITHMS}"`, nonce };
  }
  if (refusal === 'INSUFFICIENT_AUTHENTICATION') return stepUp(demands);
  if (refusal !== 'INSUFFICIENT_SCOPE') {
    const description = DESCRIPTION[refusal] ?? 'the token is not one of this service';
    return refused('invalid_token', description);
  }
  const scope = demands.scopes.filter((wanted) => SCOPE_TOKEN.test(wanted)).join(' ');
  return { status: 403, challenge: `Bearer error="insufficient_scope", scope="${scope}"` };
}

/** RFC 9470 section 3. What no authentication meets is not told. */
function stepUp({ authentication }: Demands): Answer {
  const { acrValues = [], maxAgeS = -1 } = authentication ?? {};
  const known = acrValues.filter((acr) => SCOPE_TOKEN.test(acr)).join(' ');
  const challenge = [
    'Bearer error="insufficient_user_authentication"',
    'error_description="another authentication of the user is needed"',
    ...(known === '' ? [] : [`acr_values="${known}"`]),
    ...(maxAgeS < 0 ? [] : [`max_age="${maxAgeS}"`]),
  ];
  return { status: 401, challenge: challenge.join(', ') };
}

function refused(error: string, description: string): Answer {
  return { status: 401, challenge: `Bearer error="${error}", error_description="${description}"` };
}
