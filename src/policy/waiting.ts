import type { Caller } from '../domain/caller.ts';
import { SignumError } from '../domain/errors.ts';
import type { Durability, FenceWanted } from '../domain/session.ts';

/**
 * Says how durable a caller's revocation shall be. Whoever has no more than a token gets the
 * deployment's durability at most: waiting for more would hold places among the calls under way.
 * @throws PERMISSION_DENIED for a token's holder who asks for more.
 */
export function authoriseDurability(
  caller: Caller,
  wanted: Durability | undefined,
  deployment: Durability,
): Durability {
  if (wanted === undefined) return deployment;
  const isMore = wanted.replicas > deployment.replicas || (wanted.fsync && !deployment.fsync);
  if (caller.kind === 'service' || !isMore) return wanted;
  const rule = 'only a service caller may ask for more than the deployment waits for';
  throw new SignumError('PERMISSION_DENIED', `durability: ${rule}`, {
    metadata: { permission: 'revoke', field: 'durability' },
  });
}

/**
 * Says whether a caller's revocation waits for the edges. Whoever has no more than a token waits as the
 * deployment does, for the same reason.
 * @throws PERMISSION_DENIED for a token's holder who asks for more.
 */
export function authoriseFence(
  caller: Caller,
  wanted: FenceWanted | undefined,
  deployment: FenceWanted,
): boolean {
  if (wanted === 'EDGES' && deployment === 'NONE' && caller.kind !== 'service') {
    const rule = 'only a service caller may ask for more than the deployment waits for';
    throw new SignumError('PERMISSION_DENIED', `fence: ${rule}`, {
      metadata: { permission: 'revoke', field: 'fence' },
    });
  }
  return (wanted ?? deployment) === 'EDGES';
}
