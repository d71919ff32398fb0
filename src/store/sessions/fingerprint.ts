import type { DeviceRef } from '@signum/token';
import type { Deadline } from '../../domain/call.ts';
import type { StoreContext } from '../scripts/context.ts';
import { SCRIPTS } from '../scripts/script.ts';

/** Notes the fingerprint of the token that was signed for a session (lua/fingerprint.lua). */
export async function noteFingerprint(
  store: StoreContext,
  device: DeviceRef,
  tokenId: string,
  fingerprint: string,
  deadline: Deadline,
): Promise<boolean> {
  const { active } = store.keyspace.place(device);
  const item = { keys: [active], args: [tokenId, fingerprint] };
  const reply: unknown = await store.runner.runShared(SCRIPTS.fingerprint, item, deadline);
  return reply === 1;
}
