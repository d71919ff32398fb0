import { create } from '@bufbuild/protobuf';
import {
  RevokeUserResponseSchema,
  TokenService,
} from '@signum/contract/signum/v1/token_service_pb.js';
import type { Tokens } from '../../tokens/tokens.ts';
import { toDurability } from '../messages/durability.ts';
import { fromFence, toFence } from '../messages/fence.ts';
import { toId } from '../messages/ids.ts';
import { toRevocationReason } from '../messages/revocation-reason.ts';
import { rule } from '../method-rule.ts';

export function revokeUser(tokens: Pick<Tokens, 'revokeUser'>) {
  return rule(TokenService.method.revokeUser, {
    mayWait: true,
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
