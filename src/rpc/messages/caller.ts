import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import {
  type Caller,
  CallerKeySchema,
  CallerSchema,
  Permission as Wire,
} from '@signum/contract/signum/v1/caller_service_pb.js';
import type { ApiKeyView, CallerView } from '../../callers/caller-view.ts';
import { PERMISSIONS, type Permission } from '../../domain/caller.ts';
import { invalidField } from '../../domain/errors.ts';
import { optionalTime } from './values.ts';

const WIRE_OF: { readonly [P in Permission]: Wire } = {
  issue: Wire.ISSUE,
  refresh: Wire.REFRESH,
  validate: Wire.VALIDATE,
  revoke: Wire.REVOKE,
  list: Wire.LIST,
  keys: Wire.KEYS,
  callers: Wire.CALLERS,
  watch: Wire.WATCH,
};

export function toPermission(wire: Wire): Permission {
  const permission = PERMISSIONS.find((each) => WIRE_OF[each] === wire);
  if (permission === undefined) throw invalidField('permissions', 'must be known permissions');
  return permission;
}

export function fromCaller(caller: CallerView): Caller {
  return create(CallerSchema, {
    name: caller.name,
    permissions: caller.permissions.map((permission) => WIRE_OF[permission]),
    tenants: [...caller.tenants],
    certificateNames: [...caller.certificateNames],
    keys: caller.keys.map(fromApiKey),
    publicKeyIds: [...caller.publicKeyIds],
    disabled: caller.disabled,
    createTime: timestampFromMs(caller.createdAtMs),
  });
}

function fromApiKey(key: ApiKeyView) {
  return create(CallerKeySchema, {
    keyId: key.keyId,
    createTime: timestampFromMs(key.createdAtMs),
    ...optionalTime('expireTime', key.expiresAtMs),
    ...optionalTime('lastUseTime', key.lastUsedAtMs),
  });
}
