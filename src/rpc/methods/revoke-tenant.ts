import { create } from '@bufbuild/protobuf';
import {
  RevokeTenantResponseSchema,
  TokenService,
} from '@signum/contract/signum/v1/token_service_pb.js';
import type { Tokens } from '../../tokens/tokens.ts';
import { toDurability } from '../messages/durability.ts';
import { fromFence, toFence } from '../messages/fence.ts';
import { toId } from '../messages/ids.ts';
import { rule } from '../method-rule.ts';

export function revokeTenant(tokens: Pick<Tokens, 'revokeTenant'>) {
  return rule(TokenService.method.revokeTenant, {
    mayWait: true,
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
