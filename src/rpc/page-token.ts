import { createHash } from 'node:crypto';
import { SignumError } from '../domain/errors.ts';

/** How many entries a page has when the request says 0. */
export const DEFAULT_PAGE_SIZE = 50;

const VERSION = 1;
const CHECKSUM_BYTES = 8;

/**
 * Page tokens are base64url of a version byte, eight bytes of SHA-256 and the name after which the
 * page starts. The checksum covers the list's identity too, so a token is refused for any other
 * list. It is not a MAC and need not be: a page token grants nothing, it only says where to go on.
 */
export function encodePageToken(list: readonly string[], after: string): string {
  const name = Buffer.from(after, 'utf8');
  return Buffer.concat([Buffer.of(VERSION), checksum(list, name), name]).toString('base64url');
}

/** The name after which the page starts; empty for an empty token. Throws PAGE_TOKEN_INVALID. */
export function decodePageToken(list: readonly string[], token: string): string {
  if (token === '') return '';
  const bytes = Buffer.from(token, 'base64url');
  const name = bytes.subarray(1 + CHECKSUM_BYTES);
  const sum = bytes.subarray(1, 1 + CHECKSUM_BYTES);
  if (
    bytes.toString('base64url') !== token ||
    bytes[0] !== VERSION ||
    name.length === 0 ||
    !sum.equals(checksum(list, name))
  ) {
    throw new SignumError('PAGE_TOKEN_INVALID', 'the page token is not one that this list gave');
  }
  return name.toString('utf8');
}

function checksum(list: readonly string[], name: Buffer): Buffer {
  const hash = createHash('sha256').update(JSON.stringify([VERSION, ...list]));
  return hash.update('\0').update(name).digest().subarray(0, CHECKSUM_BYTES);
}
