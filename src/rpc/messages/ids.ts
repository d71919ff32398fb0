import type {
  DeviceRef as DeviceRefMessage,
  TokenRef as TokenRefMessage,
} from '@signum/contract/signum/v1/token_pb.js';
import { type DeviceRef, isId, isUuid, type TokenRef } from '@signum/token';
import { invalidField } from '../../domain/errors.ts';

const ID_RULE = 'must be 1 to 256 bytes of well-formed UTF-8 without control characters';
const UUID_RULE = 'must be a UUID in lower-case hyphenated form';

/**
 * Ids as the domain knows them. The contract's rules have been checked by now, but they cannot say
 * all of it: a UUID has upper-case spellings.
 */
export function toId(field: string, value: string): string {
  if (isId(value)) return value;
  throw invalidField(field, ID_RULE);
}

export function toUuid(field: string, value: string): string {
  if (isUuid(value)) return value;
  throw invalidField(field, UUID_RULE);
}

export function toDeviceRef(field: string, message: DeviceRefMessage | undefined): DeviceRef {
  if (message === undefined) throw invalidField(field, 'value is required');
  return {
    tenantId: toId(`${field}.tenant_id`, message.tenantId),
    userId: toId(`${field}.user_id`, message.userId),
    deviceId: toId(`${field}.device_id`, message.deviceId),
  };
}

export function toTokenRef(field: string, message: TokenRefMessage): TokenRef {
  return {
    tenantId: toId(`${field}.tenant_id`, message.tenantId),
    userId: toId(`${field}.user_id`, message.userId),
    deviceId: toId(`${field}.device_id`, message.deviceId),
    tokenId: toUuid(`${field}.token_id`, message.tokenId),
  };
}
