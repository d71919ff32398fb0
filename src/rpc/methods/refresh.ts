import { RefreshRequestSchema, TokenService } from '@signum/contract/signum/v1/token_service_pb.js';
import type { Tokens } from '../../tokens/tokens.ts';
import type { CheckMessage } from '../check-message.ts';
import { fromRefreshed } from '../messages/refreshed.ts';
import { rule } from '../method-rule.ts';
import { isPlainRefresh } from './is-plain-refresh.ts';

export interface RefreshDeps {
  readonly tokens: Pick<Tokens, 'refresh'>;
  readonly checkMessage: CheckMessage;
}

export function refresh({ tokens, checkMessage }: RefreshDeps) {
  return rule(TokenService.method.refresh, {
    check(request) {
      if (!isPlainRefresh(request)) checkMessage(RefreshRequestSchema, request);
    },
    handle(call, { refreshToken }) {
      return tokens.refresh(call, refreshToken).then(fromRefreshed);
    },
  });
}
