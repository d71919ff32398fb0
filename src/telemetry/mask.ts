/**
 * The last line of defence for everything that is written: whatever looks like a credential is
 * masked, however it got there. Works on plain text and on JSON, which stays valid.
 */
export function mask(text: string): string {
  const masked = text.replace(JWT, '[token]').replace(API_KEY, '$1[redacted]');
  // Most text has no URL, and to look for its beginning everywhere takes longer than all the rest.
  const withoutPasswords = masked.includes('://')
    ? masked.replace(URL_PASSWORD, '$1[redacted]@')
    : masked;
  return withoutPasswords.replace(REDIS_ARGUMENTS, '');
}

/**
 * The same for one id, which is whatever its owner has made of it: only what is a whole credential is
 * masked, so that two ids stay two. A token is one whose parts decode to those of a JWS or a JWE.
 */
export function maskId(id: string): string {
  const masked = id
    .replace(WHOLE_TOKEN, (text, header, payload, encrypted) =>
      isJson(header) && (encrypted !== undefined || isJson(payload)) ? '[token]' : text,
    )
    .replace(WHOLE_API_KEY, '$1[redacted]');
  return masked.includes('://') ? masked.replace(URL_PASSWORD, '$1[redacted]@') : masked;
}

function isJson(base64url: string): boolean {
  try {
    const value: unknown = JSON.parse(Buffer.from(base64url, 'base64url').toString());
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}

/** A JWS or JWE in compact form, cut short or not: its header is JSON, which starts with `{"`. */
const JWT = /eyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]+)+\.?/g;
/** The key id is public and helps to find the key; the secret is not. */
const API_KEY = /(sgn_[A-Za-z0-9]+_)[A-Za-z0-9_-]+/g;
/** Three parts of a JWS or five of a JWE (RFC 7515 and 7516, sections 3.1), the last ones perhaps empty. */
const WHOLE_TOKEN = /(eyJ[\w-]+)\.([\w-]*)\.[\w-]*(\.[\w-]*\.[\w-]*)?/g;
const WHOLE_API_KEY = /(sgn_[A-Za-z0-9]+_)[A-Za-z0-9_-]{43}/g;
const URL_PASSWORD = /(\b[a-z][a-z0-9+.-]{0,30}:\/\/[^:@/\s"]{0,256}:)[^@/\s"]+@/gi;
/** Redis repeats the arguments of a command it does not know. Up to the end of a JSON string. */
const REDIS_ARGUMENTS = /,? with args beginning with:(?:[^"\\]|\\.)*/g;
