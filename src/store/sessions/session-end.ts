import type { Deadline } from '../../domain/call.ts';
import type { RevocationReason } from '../../domain/session.ts';
import type { StoreContext } from '../scripts/context.ts';
import { type PartitionKeys, revokedKey } from '../scripts/keys.ts';

/** Why and when a session ended. */
export interface SessionEnd {
  readonly reason: RevocationReason;
  readonly atMs: number;
}

/** What the revoked table remembers of a session (lua/include/remember.lua); undefined if nothing. */
export async function sessionEnd(
  { runner }: Pick<StoreContext, 'runner'>,
  partition: PartitionKeys,
  sessionId: string,
  deadline: Deadline,
): Promise<SessionEnd | undefined> {
  const key = revokedKey(partition, sessionId);
  const entry = await runner.read(key, deadline, (node) => node.get(key));
  const [reason, , atMs] = entry?.split(' ') ?? [];
  return reason ? { reason: reason as RevocationReason, atMs: Number(atMs) } : undefined;
}
