import type { DeviceRef } from '@signum/token';
import type { Deadline } from '../../domain/call.ts';
import type { StoreContext } from '../scripts/context.ts';
import { FIELD } from '../scripts/fields.ts';
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

/** The token that a device's session has, and its fingerprint; each empty if there is none. */
export async function readFingerprint(
  store: StoreContext,
  device: DeviceRef,
  deadline: Deadline,
): Promise<{ readonly tokenId: string; readonly fingerprint: string }> {
  const { active } = store.keyspace.place(device);
  const [jti, fp] = await store.runner.read(active, deadline, (node) =>
    node.hmget(active, FIELD.jti, FIELD.fp),
  );
  return { tokenId: jti ?? '', fingerprint: fp ?? '' };
}
