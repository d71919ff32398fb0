import { createHash } from 'node:crypto';
import type { CheckedProof } from '@signum/token';
import type { Deadline } from '../../domain/call.ts';
import type { StoreContext } from '../scripts/context.ts';
import { proofKey } from '../scripts/keys.ts';
import { SCRIPTS } from '../scripts/script.ts';

/** `OUTSIDE`: it does not hold yet, or no longer, by the store's clock. */
export type ProofUse = 'FRESH' | 'REPLAYED' | 'OUTSIDE';

/**
 * Uses a proof up (lua/prove.lua), in the partition of the user whose token it goes with. It is known
 * by its key and its id: an id is unique for the client that made it and no further.
 */
export async function useProof(
  store: StoreContext,
  user: { readonly tenantId: string; readonly userId: string },
  { thumbprint, proofId, fromS, untilS }: CheckedProof,
  deadline: Deadline,
): Promise<ProofUse> {
  const id = createHash('sha256').update(`${thumbprint} ${proofId}`).digest('base64url');
  const key = proofKey(store.keyspace.partition(user.tenantId, user.userId), id);
  const item = { keys: [key], args: [Math.ceil(fromS * 1000), Math.floor(untilS * 1000)] };
  const reply: unknown = await store.runner.runShared(SCRIPTS.prove, item, deadline);
  return reply as ProofUse;
}
