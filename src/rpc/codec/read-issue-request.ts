import type { ClientMetadata, DeviceRef } from '@signum/contract/signum/v1/token_pb.js';
import type { IssueRequest } from '@signum/contract/signum/v1/token_service_pb.js';
import type { Cursor } from './cursor.ts';
import { readDuration } from './read-duration.ts';
import { readTexts, type TextFields } from './read-texts.ts';

/** Tags: field number and wire type 2, "length-delimited", or 0, "varint". */
const DEVICE = 0x0a;
const SCOPES = 0x12;
const AUDIENCES = 0x1a;
const METADATA = 0x2a;
const ACCESS_LIFETIME = 0x32;
const REFRESH_LIFETIME = 0x3a;
const SESSION_LIFETIME = 0x42;
const POLICY = 0x48;
const REQUEST_ID = 0x52;
const PROOF = 0x5a;

const DEVICE_TEXTS: TextFields<DeviceRef> = { 10: 'tenantId', 18: 'userId', 26: 'deviceId' };
const METADATA_TEXTS: TextFields<ClientMetadata> = { 10: 'ip', 18: 'userAgent', 26: 'label' };

/**
 * Reads the IssueRequest that ends there, if it is plain: known fields, messages at most once each
 * (protobuf would merge them), no claims, no attributes. Undefined for anything else, malformed bytes
 * included.
 */
export function readIssueRequest(cursor: Cursor, end: number): IssueRequest | undefined {
  const request: IssueRequest = {
    $typeName: 'signum.v1.IssueRequest',
    scopes: [],
    audiences: [],
    policy: 0,
    requestId: '',
    proof: '',
  };
  while (cursor.at < end) {
    const tag = cursor.byte();
    if (tag === POLICY) {
      request.policy = cursor.number(end);
      if (request.policy < 0) return undefined;
      continue;
    }
    const fieldEnd = cursor.end(end);
    if (fieldEnd < 0 || !readField(request, tag, cursor, fieldEnd)) return undefined;
  }
  return request;
}

/** Returns whether it is plain. */
function readField(request: IssueRequest, tag: number, cursor: Cursor, end: number): boolean {
  switch (tag) {
    case DEVICE:
      return request.device === undefined && readDevice(request, cursor, end);
    case METADATA:
      return request.metadata === undefined && readMetadata(request, cursor, end);
    case ACCESS_LIFETIME:
      return readLifetime(request, 'accessLifetime', cursor, end);
    case REFRESH_LIFETIME:
      return readLifetime(request, 'refreshLifetime', cursor, end);
    case SESSION_LIFETIME:
      return readLifetime(request, 'sessionLifetime', cursor, end);
    default:
      return readText(request, tag, cursor, end);
  }
}

function readText(request: IssueRequest, tag: number, cursor: Cursor, end: number): boolean {
  const text = cursor.text(end);
  if (text === undefined) return false;
  switch (tag) {
    case SCOPES:
      request.scopes.push(text);
      return true;
    case AUDIENCES:
      request.audiences.push(text);
      return true;
    case REQUEST_ID:
      request.requestId = text;
      return true;
    case PROOF:
      request.proof = text;
      return true;
    default:
      return false;
  }
}

function readDevice(request: IssueRequest, cursor: Cursor, end: number): boolean {
  const $typeName = 'signum.v1.DeviceRef';
  request.device = { $typeName, tenantId: '', userId: '', deviceId: '' };
  return readTexts(cursor, end, request.device, DEVICE_TEXTS);
}

function readMetadata(request: IssueRequest, cursor: Cursor, end: number): boolean {
  const $typeName = 'signum.v1.ClientMetadata';
  request.metadata = { $typeName, ip: '', userAgent: '', label: '', attributes: {} };
  return readTexts(cursor, end, request.metadata, METADATA_TEXTS);
}

function readLifetime(
  request: IssueRequest,
  name: 'accessLifetime' | 'refreshLifetime' | 'sessionLifetime',
  cursor: Cursor,
  end: number,
): boolean {
  const lifetime = readDuration(cursor, end);
  if (lifetime === undefined || request[name] !== undefined) return false;
  request[name] = lifetime;
  return true;
}
