import type { Durability as DurabilityMessage } from '@signum/contract/signum/v1/token_pb.js';
import type { Durability } from '../../domain/session.ts';

/** The durability asked for; absent means the deployment's default. */
export function toDurability(message: DurabilityMessage | undefined): Durability | undefined {
  return message && { replicas: message.replicas, fsync: message.fsync };
}
