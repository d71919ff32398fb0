const MAX_SHOWN = 80;
/** Passwords in URLs, API keys, tokens, PEM. */
const CREDENTIAL = /@|sgn_|eyJ|-----BEGIN/;
/** As long as random values are, and words seldom. */
const LONG_RUN = /[A-Za-z0-9+_=-]{16}/;
const LONG_SEGMENT = /[A-Za-z0-9+_=-]{40}/;

/**
 * A value for an error to quote; undefined if it might be a secret that was put where it does not
 * belong.
 */
export function shown(value: string): string | undefined {
  const isHarmless = value.length <= MAX_SHOWN && !CREDENTIAL.test(value) && !LONG_RUN.test(value);
  return isHarmless ? JSON.stringify(value) : undefined;
}

/** A path for an error to quote: what is none may be the secret itself, where its file was asked for. */
export function shownPath(path: string): string {
  const isPath = /^(\.{0,2}|~)\/|\.[a-z]{1,5}$/.test(path) || path.length < 16;
  const isHarmless = !CREDENTIAL.test(path) && !LONG_SEGMENT.test(path) && !/\p{Cc}/u.test(path);
  return isPath && isHarmless ? path : 'something that is not shown';
}
