import { cors } from '@connectrpc/connect';

export type HeaderRecord = Readonly<Record<string, string>>;

/** Which web pages may call, told to their browsers (WHATWG Fetch, "CORS protocol"). */
export interface Cors {
  /** Headers of an answer to a request from this origin; of every answer when it has none. */
  headersFor(origin: string | undefined): HeaderRecord;
  /** Headers of the answer to a preflight. */
  preflightFor(origin: string | undefined): HeaderRecord;
}

export interface CorsOptions {
  /** Exactly as browsers send them. */
  readonly origins: readonly string[];
  /** Request headers that their pages may send besides those of the protocols. */
  readonly headers: readonly string[];
}

/** What pages must read of OAuth's answers: challenges, the nonce of their next proof, when to come again. */
const EXPOSED = ['WWW-Authenticate', 'DPoP-Nonce', 'Retry-After'];

/** How long a browser may remember a preflight, in seconds: two hours is the most that any does. */
const PREFLIGHT_MAX_AGE_S = 7_200;

/**
 * Allows exactly the listed origins, such as `https://app.example`. No origin is ever echoed that is
 * not on the list, and credentials mode is never allowed: callers send an authorization header of
 * their own making, no cookies.
 */
export function createCors({ origins, headers }: CorsOptions): Cors {
  const vary = { vary: 'Origin' };
  const answers = new Map<string, HeaderRecord>();
  const preflights = new Map<string, HeaderRecord>();
  for (const origin of origins) {
    const allowed = { ...vary, 'access-control-allow-origin': origin };
    answers.set(origin, {
      ...allowed,
      'access-control-expose-headers': [...cors.exposedHeaders, ...EXPOSED].join(', '),
    });
    preflights.set(origin, {
      ...allowed,
      'access-control-allow-methods': cors.allowedMethods.join(', '),
      'access-control-allow-headers': [
        ...cors.allowedHeaders,
        'Authorization',
        'DPoP',
        'X-Request-Id',
        ...headers,
      ].join(', '),
      'access-control-max-age': String(PREFLIGHT_MAX_AGE_S),
    });
  }
  return {
    headersFor: (origin) => answers.get(origin ?? '') ?? vary,
    preflightFor: (origin) => preflights.get(origin ?? '') ?? vary,
  };
}
