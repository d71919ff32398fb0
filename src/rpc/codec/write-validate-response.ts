import type { JsonObject } from '@bufbuild/protobuf';
import type { TokenRef } from '@signum/contract/signum/v1/token_pb.js';
import type { ValidateResponse } from '@signum/contract/signum/v1/token_service_pb.js';
import type { PlainWriter } from './plain-writer.ts';
import { writeTime } from './write-time.ts';

/** Writes the fields of a ValidateResponse. Plain is one without custom claims. */
export function writeValidateResponse(to: PlainWriter, message: ValidateResponse): void {
  const { token, issueTime, expireTime, claims } = message;
  if (message.$unknown !== undefined) to.giveUp();
  to.integer(1, Number(message.active));
  to.integer(2, message.verdict);
  to.integer(3, message.revocationReason);
  to.integer(4, message.source);
  if (token !== undefined) writeRef(to, 5, token);
  to.string(6, message.sessionId);
  for (const scope of message.scopes) to.element(7, scope);
  if (issueTime !== undefined) writeTime(to, 8, issueTime);
  if (expireTime !== undefined) writeTime(to, 9, expireTime);
  to.integer(10, Number(message.revision));
  for (const audience of message.audiences) to.element(11, audience);
  if (claims !== undefined) writeClaims(to, 12, claims);
  to.string(13, message.clientId);
}

function writeRef(to: PlainWriter, field: number, ref: TokenRef): void {
  if (ref.$unknown !== undefined) to.giveUp();
  const start = to.open(field);
  to.string(1, ref.tenantId);
  to.string(2, ref.userId);
  to.string(3, ref.deviceId);
  to.string(4, ref.tokenId);
  to.close(start);
}

/** An empty Struct is not the same as none. */
function writeClaims(to: PlainWriter, field: number, claims: JsonObject): void {
  for (const _ in claims) to.giveUp();
  to.close(to.open(field));
}
