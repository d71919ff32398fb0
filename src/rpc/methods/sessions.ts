import { create } from '@bufbuild/protobuf';
import {
  GetSessionResponseSchema,
  TokenService,
} from '@signum/contract/signum/v1/token_service_pb.js';
import type { Tokens } from '../../tokens/tokens.ts';
import { toDeviceRef } from '../messages/ids.ts';
import { fromSession } from '../messages/session.ts';
import { rule } from '../method-rule.ts';

export function getSession(tokens: Pick<Tokens, 'getSession'>) {
  return rule(TokenService.method.getSession, {
    async handle(call, { device }) {
      const session = await tokens.getSession(call, toDeviceRef('device', device));
      return create(GetSessionResponseSchema, { session: fromSession(session) });
    },
  });
}
