import type { RefreshRequest } from '@signum/contract/signum/v1/token_service_pb.js';
import type { Cursor } from './cursor.ts';
import { readTexts, type TextFields } from './read-texts.ts';

const TEXTS: TextFields<RefreshRequest> = { 10: 'refreshToken' };

/** Reads the RefreshRequest that ends there. Undefined if it holds anything but a refresh token. */
export function readRefreshRequest(cursor: Cursor, end: number): RefreshRequest | undefined {
  const request: RefreshRequest = { $typeName: 'signum.v1.RefreshRequest', refreshToken: '' };
  return readTexts(cursor, end, request, TEXTS) ? request : undefined;
}
