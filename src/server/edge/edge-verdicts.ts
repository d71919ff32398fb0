import type { Edge, Verdict, VerifiedToken } from '@signum/edge';
import type { Call } from '../../domain/call.ts';
import { invalidField, SignumError } from '../../domain/errors.ts';
import type {
  ActiveToken,
  ValidateInput,
  Validation,
  Verdict as VerdictName,
} from '../../domain/verdict.ts';
import type { Tokens } from '../../tokens/tokens.ts';

/**
 * Validate as gateways use it, answered by an edge verifier. What neither it nor a server can answer is
 * STORE_UNAVAILABLE, as it is at the server: never a denial, never an allowance.
 */
export function createEdgeVerdicts(
  edge: Pick<Edge, 'verify'>,
  onVerdict: (verdict: VerdictName) => void,
): Pick<Tokens, 'validate'> {
  const judge = (verdict: Verdict): Validation => {
    const validation = toValidation(verdict);
    onVerdict(validation.verdict);
    return validation;
  };
  return {
    validate: async (_call: Call, input: ValidateInput) => {
      const { subject, requiredScopes: scopes, audiences: audience, authentication, proof } = input;
      if (!('token' in subject)) throw invalidField('subject', 'must be a token');
      if (proof === 'LEFT_TO_CALLER') throw invalidField('proof', 'must be judged here');
      const shown = proof && { ...proof, url: proof.uri };
      const requirements = { scopes, audience, ...authentication, proof: shown };
      const verdict = edge.verify(subject.token, requirements);
      return judge(verdict instanceof Promise ? await verdict : verdict);
    },
  };
}

function toValidation({ verdict, active, token, reason, nonce, source }: Verdict): Validation {
  if (verdict === 'UNAVAILABLE' || source === 'NONE') {
    throw new SignumError('STORE_UNAVAILABLE', 'no server answers, and the lease is over', {
      retryAfterMs: 1_000,
    });
  }
  const about = { source: 'STORE', revision: 0 } as const;
  if (active) return { ...about, verdict: 'ACTIVE', token: toActive(token) };
  // What a newer server finds is no yes.
  const name = verdict === 'OTHER' ? 'UNKNOWN' : verdict;
  return { ...about, verdict: name, revocationReason: reason, nonce };
}

function toActive(token: VerifiedToken): ActiveToken {
  const { tenantId, userId, deviceId, tokenId } = token;
  return {
    ref: { tenantId, userId, deviceId, tokenId },
    sessionId: token.sessionId,
    scopes: token.scopes,
    audiences: token.audiences,
    issuedAtMs: token.issuedAt.getTime(),
    expiresAtMs: token.expiresAt.getTime(),
    claims: {},
    confirmation: undefined,
  };
}
