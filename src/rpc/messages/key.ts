import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import {
  type Key,
  KeySchema,
  KeyState as Wire,
} from '@signum/contract/signum/v1/key_service_pb.js';
import type { KeyInfo, KeyState } from '../../signing/ring/key-info.ts';
import { optionalTime } from './values.ts';

const WIRE_OF: { readonly [S in KeyState]: Wire } = {
  pending: Wire.PENDING,
  signing: Wire.SIGNING,
  retired: Wire.RETIRED,
  revoked: Wire.REVOKED,
};

export function fromKey(key: KeyInfo): Key {
  return create(KeySchema, {
    keyId: key.keyId,
    algorithm: key.algorithm,
    state: WIRE_OF[key.state],
    createTime: timestampFromMs(key.createdAtMs),
    activateTime: timestampFromMs(key.activatesAtMs),
    ...optionalTime('retireTime', key.retiresAtMs),
    ...optionalTime('expireTime', key.expiresAtMs),
  });
}
