import type { RevokeResponse } from '@signum/contract/signum/v1/token_service_pb.js';
import type { Revoked } from '../../tokens/tokens.ts';
import { fromFence } from './fence.ts';

export function fromRevoked({ count, revision, durability, fence }: Revoked): RevokeResponse {
  const { replicas, fsync } = durability;
  return {
    $typeName: 'signum.v1.RevokeResponse',
    revokedCount: count,
    revision: BigInt(revision),
    durability: { $typeName: 'signum.v1.DurabilityReached', replicas, fsync },
    ...fromFence(fence),
  };
}
