import { Fence, RevocationReason } from '@signum/contract/signum/v1/token_pb.js';
import type { RevokeRequest } from '@signum/contract/signum/v1/token_service_pb.js';
import { isShortToken } from './is-plain-refresh.ts';

/**
 * Whether a RevokeRequest keeps all rules of the contract for certain. What an app sends when somebody
 * logs out does, and finding that out by hand saves the 5 µs of protovalidate, which decides the
 * others.
 */
export function isPlainRevoke({ subject, reason, durability, fence }: RevokeRequest): boolean {
  return (
    subject.case === 'token' &&
    isShortToken(subject.value) &&
    (reason === RevocationReason.UNSPECIFIED || reason === RevocationReason.LOGOUT) &&
    durability === undefined &&
    fence === Fence.UNSPECIFIED
  );
}
