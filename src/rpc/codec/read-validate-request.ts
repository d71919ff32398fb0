import type { TokenRef } from '../../gen/signum/v1/token_pb.js';
import type { ValidateRequest } from '../../gen/signum/v1/token_service_pb.js';

/** Tags: field number and wire type 2, "length-delimited". */
const TOKEN = 0x0a;
const IDS = 0x12;
const REQUIRED_SCOPES = 0x1a;
const AUDIENCE = 0x22;

/** The fields of a TokenRef by their tags. */
const ID_OF: Readonly<Record<number, Exclude<keyof TokenRef, `$${string}`>>> = {
  10: 'tenantId',
  18: 'userId',
  26: 'deviceId',
  34: 'tokenId',
};

/**
 * Reads a ValidateRequest that is plain: known fields, strings in ASCII, one subject at most, no
 * min_revision. Undefined for anything else, malformed bytes included.
 */
export function readValidateRequest(bytes: Uint8Array): ValidateRequest | undefined {
  const cursor = new Cursor(bytes);
  const request: ValidateRequest = {
    $typeName: 'signum.v1.ValidateRequest',
    subject: { case: undefined },
    requiredScopes: [],
    audience: '',
    minRevision: 0n,
  };
  while (cursor.at < bytes.length) {
    const tag = bytes[cursor.at++] as number;
    const end = cursor.end();
    if (end < 0 || !readField(request, tag, cursor, end)) return undefined;
  }
  return request;
}

/** Returns whether it is plain. */
function readField(request: ValidateRequest, tag: number, cursor: Cursor, end: number): boolean {
  const text = tag === IDS ? '' : cursor.ascii(end);
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
  while (cursor.at < end) {
    const name = ID_OF[cursor.bytes[cursor.at++] as number];
    const textEnd = cursor.end();
    if (textEnd < 0 || textEnd > end) return false;
    const text = cursor.ascii(textEnd);
    if (text === undefined || name === undefined) return false;
    ids[name] = text;
  }
  request.subject = { case: 'ids', value: ids };
  return true;
}

class Cursor {
  readonly bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Reads a length of one or two bytes. Where what it counts ends; -1 if that is not in here. */
  end(): number {
    const { bytes } = this;
    const low = bytes[this.at++] ?? -1;
    if (low < 0x80) return low < 0 || this.at + low > bytes.length ? -1 : this.at + low;
    const high = bytes[this.at++] ?? 0xff;
    if (high >= 0x80) return -1;
    const end = this.at + (low & 0x7f) + (high << 7);
    return end > bytes.length ? -1 : end;
  }

  /** Reads text up to there; undefined unless it is ASCII. */
  ascii(end: number): string | undefined {
    const { bytes, at } = this;
    let bits = 0;
    for (let i = at; i < end; i += 1) bits |= bytes[i] as number;
    if (bits >= 0x80) return undefined;
    this.at = end;
    return Buffer.prototype.latin1Slice.call(bytes, at, end);
  }
}
