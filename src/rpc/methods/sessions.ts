import { create } from '@bufbuild/protobuf';
import {
  GetSessionResponseSchema,
  ListSessionsResponseSchema,
  TokenService,
} from '@signum/contract/signum/v1/token_service_pb.js';
import type { Tokens } from '../../tokens/tokens.ts';
import { fromSession } from '../messages/session.ts';
import { toDeviceRef, toId } from '../messages/values.ts';
import { rule } from '../method-rule.ts';
import { DEFAULT_PAGE_SIZE, decodePageToken, encodePageToken } from '../page-token.ts';

export function getSession(tokens: Pick<Tokens, 'getSession'>) {
  return rule(TokenService.method.getSession, {
    async handle(call, { device }) {
      const session = await tokens.getSession(call, toDeviceRef('device', device));
      return create(GetSessionResponseSchema, { session: fromSession(session) });
    },
  });
}

export function listSessions(tokens: Pick<Tokens, 'listSessions'>) {
  return rule(TokenService.method.listSessions, {
    async handle(call, request) {
      const tenantId = toId('tenant_id', request.tenantId);
      const userId = toId('user_id', request.userId);
      const list = ['sessions', tenantId, userId];
      const page = await tokens.listSessions(call, {
        tenantId,
        userId,
        pageSize: request.pageSize || DEFAULT_PAGE_SIZE,
        afterDeviceId: decodePageToken(list, request.pageToken),
      });
      const last = page.more ? page.sessions.at(-1) : undefined;
      return create(ListSessionsResponseSchema, {
        sessions: page.sessions.map(fromSession),
        nextPageToken: last === undefined ? '' : encodePageToken(list, last.device.deviceId),
        totalSize: page.totalSize,
      });
    },
  });
}
