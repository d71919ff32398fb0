import { createHash } from 'node:crypto';
import type { CheckedProof } from '@signum/token';
import type { Deadline } from '../../domain/call.ts';
import type { StoreContext } from '../scripts/context.ts';
import { type PartitionKeys, proofKey } from '../scripts/keys.ts';
import { SCRIPTS } from '../scripts/script.ts';

/** `OUTSIDE`: it does not hold yet, or no longer, by the store's clock. */
export type ProofUse = 'FRESH' | 'REPLAYED' | 'OUTSIDE';

/** When something holds, in seconds since the epoch. */
interface Window {
  readonly fromS: number;
  readonly untilS: number;
}

/**
 * Uses a proof up (lua/prove.lua), in the partition of the user whose token it goes with. It is known
 * by its key and its id: an id is unique for the client that made it and no further.
 */
export async function useProof(
  store: StoreContext,
  user: { readonly tenantId: string; readonly userId: string },
  proof: CheckedProof,
  deadline: Deadline,
): Promise<ProofUse> {
  const partition = store.keyspace.partition(user.tenantId, user.userId);
  return useOnce(store, partition, `${proof.thumbprint} ${proof.proofId}`, proof, deadline);
}

/** Uses a client assertion up in the same way, in a partition that the caller's name gives. */
export async function useAssertion(
  store: StoreContext,
  assertion: Window & { readonly callerName: string; readonly assertionId: string },
  deadline: Deadline,
): Promise<ProofUse> {
  const { callerName, assertionId } = assertion;
  const partition = store.keyspace.partition('', callerName);
  // No thumbprint has a colon in it.
  return useOnce(store, partition, `caller:${callerName} ${assertionId}`, assertion, deadline);
}

async function useOnce(
  store: StoreContext,
  partition: PartitionKeys,
  what: string,
  { fromS, untilS }: Window,
  deadline: Deadline,
): Promise<ProofUse> {
  const id = createHash('sha256').update(what).digest('base64url');
  const key = proofKey(partition, id);
  const item = { keys: [key], args: [Math.ceil(fromS * 1000), Math.floor(untilS * 1000)] };
  const reply: unknown = await store.runner.runShared(SCRIPTS.prove, item, deadline);
  return reply as ProofUse;
}
