import { SignumError } from '../domain/errors.ts';
import type { KeyProof } from '../domain/key-proof.ts';
import type { AdmittedCall } from '../policy/access.ts';
import type { Tokens } from '../tokens/tokens.ts';
import { type Answer, challenge } from './answer.ts';
import { identityOf } from './identity.ts';
import type { Presentation } from './presented-token.ts';
import type { Requirements } from './requirements.ts';

/** What a gateway asks, whatever its wire format. */
export interface Question {
  readonly presented: Presentation;
  readonly requirements: Requirements;
  /** What the client has shown of the key that its token is bound to. */
  readonly proof: KeyProof;
}

/** Answers it: by the token, the proof and the requirements alone. An outage is thrown, it is no answer. */
export async function ask(
  tokens: Pick<Tokens, 'validate'>,
  call: AdmittedCall,
  { presented, requirements, proof }: Question,
): Promise<Answer> {
  if (typeof presented === 'string') return challenge(presented, { presented, requirements });
  const { scopes: requiredScopes, audiences, authentication } = requirements;
  const subject = { token: presented.token };
  const input = { subject, requiredScopes, audiences, authentication, minRevision: 0, proof };
  try {
    const { verdict, token, nonce } = await tokens.validate(call, input);
    return verdict === 'ACTIVE' && token !== undefined
      ? { status: 200, identity: identityOf(token) }
      : challenge(verdict, { presented, requirements, nonce });
  } catch (thrown) {
    if (isOfAnotherTenant(thrown)) return challenge('UNKNOWN', { presented, requirements });
    throw thrown;
  }
}

/**
 * A gateway that may validate has been let in by now. What it may not do yet is to ask about another
 * tenant's token, which is as good there as a token of another service.
 */
function isOfAnotherTenant(thrown: unknown): boolean {
  return thrown instanceof SignumError && thrown.reason === 'PERMISSION_DENIED';
}
