import type { TokenScheme } from '@signum/token';

/** What a client's request presents as its access token. */
export interface PresentedToken {
  readonly scheme: TokenScheme;
  readonly token: string;
}

export type Presentation =
  | PresentedToken
  /** No token at all. */
  | 'NONE'
  /** More than one, or something that is none: which of them the service behind would take is open. */
  | 'UNUSABLE';

/** RFC 6750 section 2.1, RFC 9449 section 7.1. A comma-joined value is none of these. */
const CREDENTIALS = /^(bearer|dpop) +([A-Za-z0-9._~+/-]+=*)$/i;
/** Of another scheme, Basic for instance, which is not the token's business. */
const OTHER_SCHEME = /^(?!bearer\b|dpop\b)[!#$%&'*+.^_`|~0-9A-Za-z-]+ [^,]*$/i;

/**
 * Finds the token in a request's `authorization` header or, if the deployment has named one, in a
 * cookie. Several are refused, unless the header and the cookie hold the same.
 */
export function presentedToken(
  authorization: readonly string[],
  cookies: readonly string[],
  cookieName: string | undefined,
): Presentation {
  const inHeader = fromHeader(authorization);
  if (cookieName === undefined || cookies.length === 0) return inHeader;
  const inCookie = fromCookies(cookies, cookieName);
  if (inCookie === 'NONE' || inHeader === 'UNUSABLE') return inHeader;
  if (inHeader === 'NONE') return inCookie;
  return inCookie !== 'UNUSABLE' && inCookie.token === inHeader.token ? inHeader : 'UNUSABLE';
}

function fromHeader(values: readonly string[]): Presentation {
  const [value = ''] = values;
  if (values.length > 1) return 'UNUSABLE';
  if (value === '') return 'NONE';
  const match = CREDENTIALS.exec(value);
  if (match === null) return OTHER_SCHEME.test(value) ? 'NONE' : 'UNUSABLE';
  const [, scheme = '', token = ''] = match;
  return { scheme: scheme.length === 6 ? 'Bearer' : 'DPoP', token };
}

/** RFC 6265 section 4.2.1. A second cookie of the name may have been planted by a neighbouring host. */
function fromCookies(headers: readonly string[], name: string): Presentation {
  const found = headers
    .flatMap((header) => header.split(';'))
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  const [token, ...others] = found;
  if (token === undefined) return 'NONE';
  return others.length > 0 || !CREDENTIALS.test(`Bearer ${token}`)
    ? 'UNUSABLE'
    : { scheme: 'Bearer', token };
}
