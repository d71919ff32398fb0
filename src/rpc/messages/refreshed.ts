import type { RefreshResponse } from '@signum/contract/signum/v1/token_service_pb.js';
import type { Refreshed } from '../../tokens/tokens.ts';
import { fromTokenPair } from './token-pair.ts';

export function fromRefreshed({ tokens, replayed, revision }: Refreshed): RefreshResponse {
  return {
    $typeName: 'signum.v1.RefreshResponse',
    tokens: fromTokenPair(tokens),
    replayed,
    revision: BigInt(revision),
  };
}
