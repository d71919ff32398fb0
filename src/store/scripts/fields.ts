import { CLAIM_LETTERS, STORED_CLAIMS } from './claims.ts';

/**
 * The fields of a session's hash, by the names that the code uses; lua/ writes them `FIELD.<name>`.
 * In Redis each is one letter: a name is stored with every session, and takes two bytes more than it
 * has letters. Instants are whole seconds since the epoch, as in the tokens: those take half as much
 * as milliseconds do.
 *
 * How long access and refresh tokens live is not stored: a refresh grants the same spans again, and
 * both ends of them are here. Near the end of the session the spans are shorter than what was granted
 * at first; what they are cut to then is that very end, which stays where it is.
 */
export const FIELD = {
  /** Session id. */
  sid: 's',
  /** Id of the one active access token. */
  jti: 'j',
  /** Id of the key that signed it. */
  kid: 'k',
  /** Generation: refreshes so far. */
  gen: 'g',
  /** The partition's revision at which the session began. */
  rev: 'v',
  /** When the session began. */
  cat: 'c',
  /** When the access token was issued. */
  iat: 'i',
  /** When the access token expires. */
  exp: 'e',
  /** When the refresh token expires. */
  rexp: 'r',
  /** When the session ends however often it is refreshed. */
  aexp: 'a',
  /** Milliseconds past `iat` at which the grace window of the last rotation ends, and 1000; absent before the first. */
  rot: 't',
  /** Fingerprint of the access token; absent until it has been signed. */
  fp: 'f',
  /** Audiences, joined by spaces. All other claims of the tokens are in claims.ts alone. */
  aud: STORED_CLAIMS.audiences.letter,
  /** Who issued it, by `issuerTag`; absent in sessions of the deployment's first issuer. */
  iss: 'o',
  /** What the client told about itself, as JSON; absent if that is nothing. */
  meta: 'm',
} as const;

export type FieldName = keyof typeof FIELD;

/**
 * Lua with the letters in the place of `FIELD.<name>`, and of `CLAIM_FIELDS`, which are those of what
 * tokens say: a table would be made anew by every run.
 */
export function inlineFields(lua: string): string {
  const claims = CLAIM_LETTERS.map((letter) => `'${letter}'`).join(', ');
  return lua.replace(/\bCLAIM_FIELDS\b/g, claims).replace(/\bFIELD\.(\w+)/g, (_, name: string) => {
    if (!(name in FIELD)) throw new Error(`a session has no field ${name}`);
    return `'${FIELD[name as FieldName]}'`;
  });
}
