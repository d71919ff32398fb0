import type { IssueResponse } from '@signum/contract/signum/v1/token_service_pb.js';
import type { PlainWriter } from './plain-writer.ts';
import { writeTokenPair } from './write-token-pair.ts';

/** Writes the fields of an IssueResponse. */
export function writeIssueResponse(to: PlainWriter, message: IssueResponse): void {
  if (message.$unknown !== undefined || message.fence !== undefined) to.giveUp();
  if (message.tokens !== undefined) writeTokenPair(to, 1, message.tokens);
  to.string(2, message.supersededSessionId);
  to.integer(3, Number(message.revision));
}
