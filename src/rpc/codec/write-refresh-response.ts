import type { RefreshResponse } from '@signum/contract/signum/v1/token_service_pb.js';
import type { PlainWriter } from './plain-writer.ts';
import { writeTokenPair } from './write-token-pair.ts';

/** Writes the fields of a RefreshResponse. */
export function writeRefreshResponse(to: PlainWriter, message: RefreshResponse): void {
  if (message.$unknown !== undefined) to.giveUp();
  if (message.tokens !== undefined) writeTokenPair(to, 1, message.tokens);
  to.integer(2, Number(message.replayed));
  to.integer(3, Number(message.revision));
}
