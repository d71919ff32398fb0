import { decodeSegment } from './compact.ts';

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
