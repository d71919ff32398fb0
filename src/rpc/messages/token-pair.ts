import type { TokenPair as TokenPairMessage } from '@signum/contract/signum/v1/token_pb.js';
import type {
  IssueResponse,
  RefreshResponse,
} from '@signum/contract/signum/v1/token_service_pb.js';
import type { Issued } from '../../tokens/issue.ts';
import type { Refreshed } from '../../tokens/refresh.ts';
import type { TokenPair } from '../../tokens/sign-pair.ts';
import { fromFence, toDuration, toTimestamp } from './values.ts';

/** A pair as protobuf-es would create it, but written down: `create` takes several times as long. */
export function fromTokenPair(tokens: TokenPair): TokenPairMessage {
  return {
    $typeName: 'signum.v1.TokenPair',
    accessToken: tokens.accessToken,
    refreshToken: tokens.refreshToken,
    tokenId: tokens.tokenId,
    sessionId: tokens.sessionId,
    accessExpireTime: toTimestamp(tokens.accessExpiresAtMs),
    refreshExpireTime: toTimestamp(tokens.refreshExpiresAtMs),
    expiresIn: toDuration(Math.max(0, tokens.expiresInMs)),
  };
}

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

export function fromRefreshed({ tokens, replayed, revision }: Refreshed): RefreshResponse {
  return {
    $typeName: 'signum.v1.RefreshResponse',
    tokens: fromTokenPair(tokens),
    replayed,
    revision: BigInt(revision),
  };
}
