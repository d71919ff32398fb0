import { create } from '@bufbuild/protobuf';
import { durationFromMs, timestampFromMs } from '@bufbuild/protobuf/wkt';
import {
  type TokenPair as TokenPairMessage,
  TokenPairSchema,
} from '../../gen/signum/v1/token_pb.js';
import type { TokenPair } from '../../tokens/tokens.ts';

export function fromTokenPair(tokens: TokenPair): TokenPairMessage {
  return create(TokenPairSchema, {
    accessToken: tokens.accessToken,
    refreshToken: tokens.refreshToken,
    tokenId: tokens.tokenId,
    sessionId: tokens.sessionId,
    accessExpireTime: timestampFromMs(tokens.accessExpiresAtMs),
    refreshExpireTime: timestampFromMs(tokens.refreshExpiresAtMs),
    expiresIn: durationFromMs(Math.max(0, tokens.expiresInMs)),
  });
}
