import type { TokenPair } from '@signum/contract/signum/v1/token_pb.js';
import type { PlainWriter } from './plain-writer.ts';
import { writeTime } from './write-time.ts';

/** Writes a TokenPair as a field. */
export function writeTokenPair(to: PlainWriter, field: number, tokens: TokenPair): void {
  const { accessExpireTime, refreshExpireTime, expiresIn } = tokens;
  if (tokens.$unknown !== undefined) to.giveUp();
  const start = to.open(field);
  to.string(1, tokens.accessToken);
  to.string(2, tokens.refreshToken);
  to.string(3, tokens.tokenId);
  to.string(4, tokens.sessionId);
  if (accessExpireTime !== undefined) writeTime(to, 5, accessExpireTime);
  if (refreshExpireTime !== undefined) writeTime(to, 6, refreshExpireTime);
  if (expiresIn !== undefined) writeTime(to, 7, expiresIn);
  to.close(start);
}
