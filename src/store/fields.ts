/**
 * The fields of a session's hash, by the names that the code uses; lua/ writes them `FIELD.<name>`.
 */
export const FIELD = {
  /** Session id. */
  sid: 'sid',
  /** Id of the one active access token. */
  jti: 'jti',
  /** Id of the key that signed it. */
  kid: 'kid',
  /** Generation: refreshes so far. */
  gen: 'gen',
  /** The partition's revision at which the session began. */
  rev: 'rev',
  /** When the session began. */
  cat: 'cat',
  /** When the access token was issued. */
  iat: 'iat',
  /** When the access token expires. */
  exp: 'exp',
  /** When the refresh token expires. */
  rexp: 'rexp',
  /** When the session ends however often it is refreshed. */
  aexp: 'aexp',
  /** Lifetime of access tokens. */
  attl: 'attl',
  /** Lifetime of refresh tokens. */
  rttl: 'rttl',
  /** Last rotation, for the grace window; absent before the first. */
  rot: 'rot',
  /** Fingerprint of the access token; absent until it has been signed. */
  fp: 'fp',
  /** Audiences as JSON. */
  aud: 'aud',
  /** Scopes, joined by spaces (RFC 6749 section 3.3); absent if there are none. */
  scp: 'scp',
  /** Custom claims as JSON; absent if there are none. */
  clm: 'clm',
  /** What the client told about itself, as JSON; absent if that is nothing. */
  meta: 'meta',
} as const;

export type FieldName = keyof typeof FIELD;

/** Lua with the letters in the place of `FIELD.<name>`: a table would be made anew by every run. */
export function inlineFields(lua: string): string {
  return lua.replace(/\bFIELD\.(\w+)/g, (_, name: string) => {
    if (!(name in FIELD)) throw new Error(`a session has no field ${name}`);
    return `'${FIELD[name as FieldName]}'`;
  });
}
