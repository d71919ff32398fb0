import type { ValidateRequest } from '@signum/contract/signum/v1/token_service_pb.js';
import { Cursor } from './cursor.ts';
import { readValidateRequest } from './read-validate-request.ts';

/** Field 1, wire type 2, "length-delimited". */
const ITEMS = 0x0a;

/** Reads the items of a batch that are all plain, and nothing but items. Undefined for others. */
export function readItems(bytes: Uint8Array): ValidateRequest[] | undefined {
  const cursor = new Cursor(bytes);
  const items: ValidateRequest[] = [];
  while (cursor.at < bytes.length) {
    const tag = cursor.byte();
    const end = cursor.end(bytes.length);
    if (tag !== ITEMS || end < 0) return undefined;
    const item = readValidateRequest(cursor, end);
    if (item === undefined) return undefined;
    items.push(item);
  }
  return items;
}
