import { isUtf8 } from 'node:buffer';
import { hasLoneSurrogate, type JsonObject } from './claims.ts';

/** The longest token that is issued or looked at, in characters. */
export const MAX_TOKEN_LENGTH = 4096;

/** A JWS in compact serialisation (RFC 7515 section 7.1), cut at its two dots. */
export interface Compact {
  readonly header: string;
  readonly payload: string;
  readonly signature: string;
}

/** Cuts a token into its three segments; undefined if it is too long or has not exactly three. */
export function splitCompact(token: string): Compact | undefined {
  if (token.length > MAX_TOKEN_LENGTH) return undefined;
  const first = token.indexOf('.');
  const second = token.indexOf('.', first + 1);
  if (first <= 0 || second <= first + 1 || second === token.length - 1) return undefined;
  if (token.indexOf('.', second + 1) !== -1) return undefined;
  return {
    header: token.slice(0, first),
    payload: token.slice(first + 1, second),
    signature: token.slice(second + 1),
  };
}

/**
 * Decodes base64url (RFC 7515 section 2) in its one canonical spelling: no padding, no white space,
 * no foreign characters, unused trailing bits zero. Node's decoder forgives all of these, so the
 * result must encode to the very same text.
 */
export function decodeSegment(segment: string): Buffer | undefined {
  const bytes = Buffer.from(segment, 'base64url');
  return bytes.toString('base64url') === segment ? bytes : undefined;
}

/**
 * Reads a JSON object in the one form that Signum writes: what `JSON.stringify` makes of it again
 * must be the same text. That refuses duplicate names, byte order marks, white space, needless
 * escapes, and numbers that do not survive (1e400, -0, 1.0). Bytes must be valid UTF-8.
 */
export function readCanonicalJson(bytes: Buffer): JsonObject | undefined {
  if (!isUtf8(bytes)) return undefined;
  const text = bytes.toString('utf8');
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    if (JSON.stringify(value) !== text || hasLoneSurrogate(text)) return undefined;
    return value as JsonObject;
  } catch {
    return undefined;
  }
}

/** `typ` of an access token (RFC 9068 section 2.1). */
export const ACCESS_TYPE = 'at+jwt';
/** `typ` of a refresh token. */
export const REFRESH_TYPE = 'rt+jwt';

/** What a `kid` may look like. */
export const KEY_ID = /^[A-Za-z0-9._-]{1,128}$/;

export interface TokenHeader {
  readonly algorithm: string;
  readonly type: string;
  readonly keyId: string;
}

/**
 * The one form of header that Signum writes, and therefore the only one it reads: no other member
 * (`crit`, `jku`, `x5u`, `jwk`, `zip`, `b64` …), no second spelling, nothing that needs a JSON parser.
 */
const HEADER =
  /^\{"alg":"([A-Za-z0-9]{1,16})","typ":"(at\+jwt|rt\+jwt)","kid":"([A-Za-z0-9._-]{1,128})"\}$/;

/** The first segment of a token. */
export function headerSegment(algorithm: string, type: string, keyId: string): string {
  const text = `{"alg":"${algorithm}","typ":"${type}","kid":"${keyId}"}`;
  return Buffer.from(text).toString('base64url');
}

/** Reads first segments. Nearly all tokens share one, so that the last good one is remembered. */
export class HeaderReader {
  #segment = '';
  #header: TokenHeader | undefined;

  /** Undefined if it is in any other form. */
  read(segment: string): TokenHeader | undefined {
    if (segment === this.#segment) return this.#header;
    const bytes = decodeSegment(segment);
    const header = bytes && readHeader(bytes);
    if (header === undefined) return undefined;
    this.#segment = segment;
    this.#header = header;
    return header;
  }
}

function readHeader(bytes: Buffer): TokenHeader | undefined {
  const match = HEADER.exec(bytes.toString('latin1'));
  if (match === null) return undefined;
  const [, algorithm = '', type = '', keyId = ''] = match;
  return { algorithm, type, keyId };
}
