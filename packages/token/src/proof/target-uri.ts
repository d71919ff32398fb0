/** An http(s) URI in visible ASCII, without a backslash: the URL parser would mend all else silently. */
const HTTP_URI = /^https?:\/\/[!-[\]-~]+$/i;

const ESCAPE = /%[0-9a-f]{2}/gi;
const UNRESERVED = /^[A-Za-z0-9._~-]$/;

/**
 * A request's URI as the `htu` of a proof is compared with it: without query and fragment (RFC 9449
 * section 4.3), normalised by syntax and scheme (RFC 3986 sections 6.2.2 and 6.2.3). Undefined if it
 * is no http(s) URI, or has a user in it.
 */
export function targetUri(uri: string): string | undefined {
  const url = HTTP_URI.test(uri) ? URL.parse(uri) : null;
  if (url === null || url.username !== '' || url.password !== '') return undefined;
  return url.origin + url.pathname.replace(ESCAPE, normaliseEscape);
}

const SCHEME = /^https?$/i;
/** Nothing in it ends an authority, or is a user (RFC 3986 section 3.2). */
const AUTHORITY = /^[^/?#@\\\s]+$/;

/**
 * A request's URI by its parts as they came: `authority` is a header `Host`, `path` may have a query. Empty if
 * a part is none: one that went on with another's would make a proof good for a request that it is not for.
 */
export function requestUri(scheme: string, authority: string, path: string): string {
  const isOne = SCHEME.test(scheme) && AUTHORITY.test(authority) && path.startsWith('/');
  return isOne ? `${scheme}://${authority}${path}` : '';
}

/** RFC 3986 section 6.2.2.2: what need not be escaped is not, and all other escapes are in capitals. */
function normaliseEscape(escaped: string): string {
  const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
  return UNRESERVED.test(character) ? character : escaped.toUpperCase();
}
