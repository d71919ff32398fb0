import type { RevokeResponse } from '@signum/contract/signum/v1/token_service_pb.js';
import type { PlainWriter } from './plain-writer.ts';

/** Writes the fields of a RevokeResponse. */
export function writeRevokeResponse(to: PlainWriter, message: RevokeResponse): void {
  const { durability } = message;
  if (message.$unknown !== undefined || message.fence !== undefined) to.giveUp();
  to.integer(1, message.revokedCount);
  to.integer(2, Number(message.revision));
  if (durability === undefined) return;
  if (durability.$unknown !== undefined) to.giveUp();
  const start = to.open(3);
  to.integer(1, durability.replicas);
  to.integer(2, Number(durability.fsync));
  to.close(start);
}
