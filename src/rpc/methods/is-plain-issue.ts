import { isIP } from 'node:net';
import type { Duration } from '@bufbuild/protobuf/wkt';
import {
  type ClientMetadata,
  type DeviceRef,
  Fence,
  SupersedePolicy,
} from '@signum/contract/signum/v1/token_pb.js';
import type { IssueRequest } from '@signum/contract/signum/v1/token_service_pb.js';
import { isClientId, isId, isUuid } from '@signum/token';

const SCOPE = /^[\x21\x23-\x5B\x5D-\x7E]{1,128}$/;
/** A UTF-16 unit is three bytes at most, so that a third of a bound in bytes is surely kept. */
const SHORT_PROOF = 4_096 / 3;
const SHORT_USER_AGENT = 512 / 3;
const SHORT_LABEL = 128 / 3;
/** In seconds; longer ones are for protovalidate to judge. */
const CENTURY = 3_000_000_000n;

/**
 * Whether an IssueRequest keeps all rules of the contract for certain. Most do, and finding that out
 * by hand takes under 1 µs instead of the 10 µs of protovalidate, which decides the others.
 */
export function isPlainIssue(request: IssueRequest): boolean {
  return (
    isPlainDevice(request.device) &&
    arePlainScopes(request.scopes) &&
    request.audiences.length === 0 &&
    isPlainMetadata(request.metadata) &&
    isPlainLifetime(request.accessLifetime) &&
    isPlainLifetime(request.refreshLifetime) &&
    isPlainLifetime(request.sessionLifetime) &&
    SupersedePolicy[request.policy] !== undefined &&
    (request.requestId === '' || isUuid(request.requestId)) &&
    request.proof.length <= SHORT_PROOF &&
    (request.clientId === '' || isClientId(request.clientId)) &&
    Fence[request.fence] !== undefined
  );
}

function isPlainDevice(device: DeviceRef | undefined): boolean {
  return (
    device !== undefined && isId(device.tenantId) && isId(device.userId) && isId(device.deviceId)
  );
}

function arePlainScopes(scopes: readonly string[]): boolean {
  if (scopes.length === 0) return true;
  const unique = new Set(scopes).size === scopes.length;
  return unique && scopes.length <= 64 && scopes.every((scope) => SCOPE.test(scope));
}

function isPlainMetadata(metadata: ClientMetadata | undefined): boolean {
  if (metadata === undefined) return true;
  const { ip, userAgent, label, attributes } = metadata;
  return (
    (ip === '' || (isIP(ip) > 0 && !ip.includes('%'))) &&
    userAgent.length <= SHORT_USER_AGENT &&
    label.length <= SHORT_LABEL &&
    Object.keys(attributes).length === 0
  );
}

function isPlainLifetime(lifetime: Duration | undefined): boolean {
  if (lifetime === undefined) return true;
  const { seconds, nanos } = lifetime;
  return seconds >= 1n && seconds <= CENTURY && nanos === 0;
}
