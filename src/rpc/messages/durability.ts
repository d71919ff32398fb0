import type { Durability } from '../../domain/session.ts';
import type { Durability as DurabilityMessage } from '../../gen/signum/v1/token_pb.js';

/** The durability asked for; absent means the deployment's default. */
export function toDurability(message: DurabilityMessage | undefined): Durability | undefined {
  return message && { replicas: message.replicas, fsync: message.fsync };
}
