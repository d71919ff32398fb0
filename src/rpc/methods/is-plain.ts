import type { ValidateRequest } from '@signum/contract/signum/v1/token_service_pb.js';
import { isId, isUuid } from '@signum/token';

/** In UTF-16 units, none of which is more than three bytes: 256 bytes at most. */
const SURELY_SHORT = 85;

/**
 * Whether a ValidateRequest keeps all rules of the contract for certain. Nearly all do, and finding
 * that out by hand takes 0.3 µs instead of the 2.6 µs of protovalidate, which decides the others.
 */
export function isPlain({ subject, requiredScopes, audience }: ValidateRequest): boolean {
  if (requiredScopes.length > 0 || audience.length > SURELY_SHORT) return false;
  if (subject.case === 'token') return true;
  if (subject.case !== 'ids') return false;
  const { tenantId, userId, deviceId, tokenId } = subject.value;
  return isUuid(tokenId) && isId(tenantId) && isId(userId) && isId(deviceId);
}
