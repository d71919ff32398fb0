import { create } from '@bufbuild/protobuf';
import { RefreshResponseSchema, TokenService } from '../../gen/signum/v1/token_service_pb.js';
import type { Tokens } from '../../tokens/tokens.ts';
import { fromTokenPair } from '../messages/token-pair.ts';
import { rule } from '../method-rule.ts';

export function refresh(tokens: Pick<Tokens, 'refresh'>) {
  return rule(TokenService.method.refresh, {
    async handle(call, { refreshToken }) {
      const refreshed = await tokens.refresh(call, refreshToken);
      return create(RefreshResponseSchema, {
        tokens: fromTokenPair(refreshed.tokens),
        replayed: refreshed.replayed,
        revision: BigInt(refreshed.revision),
      });
    },
  });
}
