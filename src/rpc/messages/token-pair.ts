import type { TokenPair as TokenPairMessage } from '@signum/contract/signum/v1/token_pb.js';
import type { TokenPair } from '../../tokens/tokens.ts';
import { toDuration } from './duration.ts';
import { toTimestamp } from './values.ts';

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
