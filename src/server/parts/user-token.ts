import { uuidv7 } from 'uuidv7';
import { createInFlight } from '../../call/in-flight.ts';
import type { UserCaller } from '../../domain/caller.ts';
import { type KeyProof, NO_PROOF } from '../../domain/key-proof.ts';
import { ownCall } from '../../policy/access.ts';
import type { Tokens } from '../../tokens/tokens.ts';

/**
 * Tokens that are looked up at once because they were presented as a credential. Anybody can present
 * something: a flood of it must not stand in the way of callers who are known by a key.
 */
const MAX_LOOKUPS = 512;

/**
 * Finds the user behind an access token presented as credential; undefined if it is not active, or not
 * for this audience: whoever is given a token for something else must not act as the user here.
 * Rejects with OVERLOADED when too many are looked up already.
 */
export function createUserTokenCheck(
  tokens: Pick<Tokens, 'validate'>,
  audience: string,
  timeoutMs: number,
): (token: string, proof: KeyProof | 'LEFT_TO_CALLER') => Promise<UserCaller | undefined> {
  const lookups = createInFlight({ maxInflight: MAX_LOOKUPS, isDraining: () => false });
  const find = async (
    token: string,
    proof: KeyProof | 'LEFT_TO_CALLER',
  ): Promise<UserCaller | undefined> => {
    const call = ownCall({
      requestId: uuidv7(),
      method: 'authenticate',
      peer: '',
      shown: NO_PROOF,
      deadlineAtMs: performance.now() + timeoutMs,
    });
    const audiences = [audience];
    const input = { subject: { token }, requiredScopes: [], audiences, minRevision: 0, proof };
    const { verdict, token: found } = await tokens.validate(call, input);
    if (verdict !== 'ACTIVE' || !found) return undefined;
    const { tenantId, userId, deviceId } = found.ref;
    return { kind: 'user', device: { tenantId, userId, deviceId }, sessionId: found.sessionId };
  };
  return async (token, proof) => {
    lookups.enter();
    try {
      return await find(token, proof);
    } finally {
      lookups.leave();
    }
  };
}
