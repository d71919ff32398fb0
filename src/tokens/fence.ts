import type { Call } from '../domain/call.ts';
import type { Durability, FencePlace, FenceReached } from '../domain/session.ts';
import type { TokenDeps } from './deps.ts';

/** Waits until no edge accepts what was ended, if that is wanted. */
export async function raiseFence(
  deps: TokenDeps,
  call: Call,
  isWanted: boolean,
  places: readonly FencePlace[],
  durability: Durability,
): Promise<FenceReached | undefined> {
  return isWanted ? deps.fence(places, durability, call) : undefined;
}
