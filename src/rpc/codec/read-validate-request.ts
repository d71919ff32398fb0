import type { TokenRef } from '@signum/contract/signum/v1/token_pb.js';
import type { ValidateRequest } from '@signum/contract/signum/v1/token_service_pb.js';
import type { Cursor } from './cursor.ts';
import { readTexts, type TextFields } from './read-texts.ts';

/** Tags: field number and wire type 2, "length-delimited". */
const TOKEN = 0x0a;
const IDS = 0x12;
const REQUIRED_SCOPES = 0x1a;
const AUDIENCE = 0x22;

const ID_TEXTS: TextFields<TokenRef> = {
  10: 'tenantId',
  18: 'userId',
  26: 'deviceId',
  34: 'tokenId',
};

/**
 * Reads the ValidateRequest that ends there, if it is plain: known fields, one subject at most, no
 * min_revision. Undefined for anything else, malformed bytes included.
 */
export function readValidateRequest(cursor: Cursor, end: number): ValidateRequest | undefined {
  const request: ValidateRequest = {
    $typeName: 'signum.v1.ValidateRequest',
    subject: { case: undefined },
    requiredScopes: [],
    audience: '',
    minRevision: 0n,
  };
  while (cursor.at < end) {
    const tag = cursor.byte();
    const fieldEnd = cursor.end(end);
    if (fieldEnd < 0 || !readField(request, tag, cursor, fieldEnd)) return undefined;
  }
  return request;
}

/** Returns whether it is plain. */
function readField(request: ValidateRequest, tag: number, cursor: Cursor, end: number): boolean {
  const text = tag === IDS ? '' : cursor.text(end);
  if (text === undefined) return false;
  switch (tag) {
    case IDS:
      return readIds(request, cursor, end);
    case TOKEN:
      if (request.subject.case !== undefined) return false;
      request.subject = { case: 'token', value: text };
      return true;
    case REQUIRED_SCOPES:
      request.requiredScopes.push(text);
      return true;
    case AUDIENCE:
      request.audience = text;
      return true;
    default:
      return false;
  }
}

function readIds(request: ValidateRequest, cursor: Cursor, end: number): boolean {
  if (request.subject.case !== undefined) return false;
  const ids: TokenRef = {
    $typeName: 'signum.v1.TokenRef',
    tenantId: '',
    userId: '',
    deviceId: '',
    tokenId: '',
  };
  if (!readTexts(cursor, end, ids, ID_TEXTS)) return false;
  request.subject = { case: 'ids', value: ids };
  return true;
}
