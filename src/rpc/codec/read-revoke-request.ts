import type { RevokeRequest } from '@signum/contract/signum/v1/token_service_pb.js';
import type { Cursor } from './cursor.ts';

/** Tags: field number and wire type 2, "length-delimited", or 0, "varint". */
const TOKEN = 0x0a;
const REASON = 0x28;

/**
 * Reads the RevokeRequest that ends there, if it is plain: a logout by token, with a reason or
 * without. Undefined for anything else, malformed bytes included.
 */
export function readRevokeRequest(cursor: Cursor, end: number): RevokeRequest | undefined {
  const request: RevokeRequest = {
    $typeName: 'signum.v1.RevokeRequest',
    subject: { case: undefined },
    reason: 0,
  };
  while (cursor.at < end) {
    const tag = cursor.byte();
    if (tag === TOKEN) {
      const textEnd = cursor.end(end);
      const value = textEnd < 0 ? undefined : cursor.text(textEnd);
      if (value === undefined) return undefined;
      request.subject = { case: 'token', value };
    } else if (tag === REASON) {
      request.reason = cursor.number(end);
      if (request.reason < 0) return undefined;
    } else {
      return undefined;
    }
  }
  return request;
}
