import { create } from '@bufbuild/protobuf';
import {
  type RevokeRequest,
  type RevokeResponse,
  RevokeTenantResponseSchema,
  RevokeUserResponseSchema,
  TokenService,
} from '@signum/contract/signum/v1/token_service_pb.js';
import type { Call } from '../../domain/call.ts';
import { invalidField } from '../../domain/errors.ts';
import type { Revoked, RevokeInput } from '../../tokens/revoke.ts';
import type { Tokens } from '../../tokens/tokens.ts';
import {
  fromFence,
  proofOf,
  toDeviceRef,
  toDurability,
  toFence,
  toId,
  toRevocationReason,
  toTokenRef,
  toUuid,
} from '../messages/values.ts';
import { rule } from '../method-rule.ts';

export function revoke(tokens: Pick<Tokens, 'revoke'>) {
  return rule(TokenService.method.revoke, {
    mayWait: () => true,
    handle(call, request) {
      return tokens.revoke(call, toRevokeInput(call, request)).then(fromRevoked);
    },
  });
}

function toRevokeInput(call: Call, request: RevokeRequest): RevokeInput {
  return {
    subject: toSubject(request),
    reason: toRevocationReason(request.reason),
    durability: toDurability(request.durability),
    fence: toFence(request.fence),
    proof: proofOf(call, request.proof),
  };
}

function toSubject({ subject }: RevokeRequest): RevokeInput['subject'] {
  switch (subject.case) {
    case 'token':
      return { token: subject.value };
    case 'ids':
      return { ids: toTokenRef('ids', subject.value) };
    case 'session': {
      const device = toDeviceRef('session.device', subject.value.device);
      const sessionId = toUuid('session.session_id', subject.value.sessionId);
      return { session: { device, sessionId } };
    }
    case 'device':
      return { device: toDeviceRef('device', subject.value) };
    default:
      throw invalidField('subject', 'exactly one field is required in oneof');
  }
}

function fromRevoked({ count, revision, durability, fence }: Revoked): RevokeResponse {
  const { replicas, fsync } = durability;
  return {
    $typeName: 'signum.v1.RevokeResponse',
    revokedCount: count,
    revision: BigInt(revision),
    durability: { $typeName: 'signum.v1.DurabilityReached', replicas, fsync },
    ...fromFence(fence),
  };
}

export function revokeUser(tokens: Pick<Tokens, 'revokeUser'>) {
  return rule(TokenService.method.revokeUser, {
    mayWait: () => true,
    async handle(call, request) {
      const { exceptDeviceId } = request;
      const revoked = await tokens.revokeUser(call, {
        tenantId: toId('tenant_id', request.tenantId),
        userId: toId('user_id', request.userId),
        ...(exceptDeviceId !== '' && { exceptDeviceId: toId('except_device_id', exceptDeviceId) }),
        reason: toRevocationReason(request.reason),
        durability: toDurability(request.durability),
        fence: toFence(request.fence),
      });
      return create(RevokeUserResponseSchema, {
        revokedCount: revoked.count,
        revision: BigInt(revoked.revision),
        durability: { ...revoked.durability },
        ...fromFence(revoked.fence),
      });
    },
  });
}

export function revokeTenant(tokens: Pick<Tokens, 'revokeTenant'>) {
  return rule(TokenService.method.revokeTenant, {
    mayWait: () => true,
    async handle(call, request) {
      const { partitions, durability, fence } = await tokens.revokeTenant(call, {
        tenantId: toId('tenant_id', request.tenantId),
        durability: toDurability(request.durability),
        fence: toFence(request.fence),
      });
      return create(RevokeTenantResponseSchema, {
        partitions,
        durability: { ...durability },
        ...fromFence(fence),
      });
    },
  });
}
