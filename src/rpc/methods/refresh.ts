import { TokenService } from '@signum/contract/signum/v1/token_service_pb.js';
import type { Tokens } from '../../tokens/tokens.ts';
import { proofOf } from '../messages/key-proof.ts';
import { fromRefreshed } from '../messages/refreshed.ts';
import { rule } from '../method-rule.ts';

export function refresh(tokens: Pick<Tokens, 'refresh'>) {
  return rule(TokenService.method.refresh, {
    handle(call, { refreshToken, proof }) {
      const input = { refreshToken, proof: proofOf(call, proof) };
      return tokens.refresh(call, input).then(fromRefreshed);
    },
  });
}
