import { challengeScheme, PROOF_ALGORITHMS } from '@signum/token';
import type { Verdict } from '../domain/verdict.ts';
import type { Identity } from './identity.ts';
import type { Presentation } from './presented-token.ts';
import { type Requirements, SCOPE_TOKEN } from './requirements.ts';

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
  KEY_PROOF_REQUIRED: 'the token is bound to a key that was not shown',
  KEY_PROOF_INVALID: 'the token is bound to another key',
};

/** RFC 9449 sections 7.1 and 9. Of a certificate the error is that of the token (RFC 8705 section 3). */
const PROOF_ERROR: Readonly<Partial<Record<Refusal, string>>> = {
  KEY_PROOF_INVALID: 'invalid_dpop_proof',
  KEY_PROOF_NONCE: 'use_dpop_nonce',
};
const ALGORITHMS = `algs="${PROOF_ALGORITHMS.join(' ')}"`;

/** What a request that is refused has presented, and what was asked of it. */
interface Refused {
  readonly presented: Presentation;
  readonly requirements: Requirements;
  readonly nonce?: string | undefined;
}

/**
 * A refusal as RFC 6750 section 3 has it, or RFC 9449 section 7.1. Who has presented nothing is told no
 * error, section 3.1. What would be 400 there is 401: gateways take other statuses for a failure of their own.
 */
export function challenge(refusal: Refusal, { presented, requirements, nonce }: Refused): Answer {
  const scheme =
    typeof presented === 'object' ? challengeScheme(presented.scheme, presented.token) : 'Bearer';
  const algorithms = scheme === 'DPoP' ? [ALGORITHMS] : [];
  const told = (status: 401 | 403, ...parameters: string[]): Answer => ({
    ...{ status, nonce },
    challenge: [scheme, [...parameters, ...algorithms].join(', ')].join(' ').trimEnd(),
  });
  switch (refusal) {
    case 'NONE':
      return told(401);
    case 'UNUSABLE':
      return told(401, ...error('invalid_request', 'exactly one token must be presented'));
    case 'INSUFFICIENT_AUTHENTICATION':
      return told(401, ...stepUp(requirements));
    case 'INSUFFICIENT_SCOPE': {
      const scope = requirements.scopes.filter((wanted) => SCOPE_TOKEN.test(wanted)).join(' ');
      return told(403, 'error="insufficient_scope"', `scope="${scope}"`);
    }
  }
  const proofError = scheme === 'DPoP' ? PROOF_ERROR[refusal] : undefined;
  if (proofError !== undefined) return told(401, `error="${proofError}"`);
  const description = DESCRIPTION[refusal] ?? 'the token is not one of this service';
  return told(401, ...error('invalid_token', description));
}

function error(name: string, description: string): string[] {
  return [`error="${name}"`, `error_description="${description}"`];
}

/** RFC 9470 section 3. What no authentication meets is not told. */
function stepUp({ authentication }: Requirements): string[] {
  const { acrValues = [], maxAgeS = -1 } = authentication ?? {};
  const known = acrValues.filter((acr) => SCOPE_TOKEN.test(acr)).join(' ');
  return [
    ...error('insufficient_user_authentication', 'another authentication of the user is needed'),
    ...(known === '' ? [] : [`acr_values="${known}"`]),
    ...(maxAgeS < 0 ? [] : [`max_age="${maxAgeS}"`]),
  ];
}
