import type { IssueResponse } from '@signum/contract/signum/v1/token_service_pb.js';
import type { Issued } from '../../tokens/tokens.ts';
import { fromFence } from './fence.ts';
import { fromTokenPair } from './token-pair.ts';

export function fromIssued({
  tokens,
  supersededSessionId,
  revision,
  fence,
}: Issued): IssueResponse {
  return {
    $typeName: 'signum.v1.IssueResponse',
    tokens: fromTokenPair(tokens),
    supersededSessionId: supersededSessionId ?? '',
    revision: BigInt(revision),
    ...fromFence(fence),
  };
}
