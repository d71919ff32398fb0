import { Permission as WirePermission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { PERMISSIONS, type Permission } from '../../domain/caller.ts';

const ON_THE_WIRE: Readonly<Record<Permission, WirePermission>> = {
  issue: WirePermission.ISSUE,
  refresh: WirePermission.REFRESH,
  validate: WirePermission.VALIDATE,
  revoke: WirePermission.REVOKE,
  list: WirePermission.LIST,
  keys: WirePermission.KEYS,
  callers: WirePermission.CALLERS,
  watch: WirePermission.WATCH,
};

/** A permission as the API takes it. */
export function toWire(permission: Permission): WirePermission {
  return ON_THE_WIRE[permission];
}

/** Its name; the number if it is one that this version does not know. */
export function fromWire(permission: WirePermission): string {
  return PERMISSIONS.find((name) => ON_THE_WIRE[name] === permission) ?? String(permission);
}
