import type { Edge, VerifyOptions } from '../edge.ts';
import type { Verdict, VerifiedToken } from '../verdict.ts';

/** What a request must satisfy, and how a refusal names the place that it was refused at. */
export interface GuardOptions extends VerifyOptions {
  /** `realm` of the challenges; none by default. Printable ASCII without quotes and backslashes. */
  readonly realm?: string | undefined;
}

/** Lets a request in, or says how to answer it. */
export type Guarded =
  | { readonly admitted: true; readonly token: VerifiedToken }
  | {
      readonly admitted: false;
      readonly status: 401 | 403 | 503;
      readonly headers: Readonly<Record<string, string>>;
      readonly verdict: Verdict | undefined;
    };

/** A request's headers: Node's, with names in lower case, or those of the Fetch standard. */
export type RequestHeaders =
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | { get(name: string): string | null };

/** Printable ASCII without quotes and backslashes, which would have to be quoted. */
const QUOTABLE = /^[ !#-[\]-~]*$/;
const BEARER = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i;

/**
 * Checks the token in a request's `Authorization` header (RFC 6750 section 2.1). Answers are those of
 * section 3: 401 without a token or with a bad one, 403 where a scope is missing, and 503 where nobody
 * can answer, so that a client does not throw a good token away.
 *
 * @throws RangeError if the realm or a scope cannot stand in a challenge
 */
export function createGuard(
  edge: Pick<Edge, 'verify'>,
  options: GuardOptions = {},
): (headers: RequestHeaders) => Guarded | Promise<Guarded> {
  const { realm, scopes = [] } = options;
  if (![realm ?? '', ...scopes].every((text) => QUOTABLE.test(text))) {
    throw new RangeError('the realm and scopes must be printable ASCII without quotes');
  }

  function challenge(...parameters: readonly string[]): Readonly<Record<string, string>> {
    const all = [...(realm === undefined ? [] : [`realm="${realm}"`]), ...parameters];
    return { 'www-authenticate': ['Bearer', all.join(', ')].join(' ').trimEnd() };
  }

  function judge(verdict: Verdict): Guarded {
    if (verdict.active && verdict.token !== undefined) {
      return { admitted: true, token: verdict.token };
    }
    switch (verdict.verdict) {
      case 'UNAVAILABLE':
        return { admitted: false, status: 503, headers: { 'retry-after': '1' }, verdict };
      case 'INSUFFICIENT_SCOPE': {
        const scope = `scope="${scopes.join(' ')}"`;
        const headers = challenge('error="insufficient_scope"', scope);
        return { admitted: false, status: 403, headers, verdict };
      }
      default: {
        const headers = challenge('error="invalid_token"');
        return { admitted: false, status: 401, headers, verdict };
      }
    }
  }

  return (headers) => {
    const text = authorizationOf(headers);
    // Two credentials, or joined ones, name nobody.
    const token = BEARER.exec(text ?? '')?.[1];
    if (token === undefined) {
      const bad = text === undefined ? [] : ['error="invalid_token"'];
      return { admitted: false, status: 401, headers: challenge(...bad), verdict: undefined };
    }
    const verdict = edge.verify(token, options);
    return verdict instanceof Promise ? verdict.then(judge) : judge(verdict);
  };
}

function authorizationOf(headers: RequestHeaders): string | undefined {
  if (isFetchHeaders(headers)) return headers.get('authorization') ?? undefined;
  const value = headers['authorization'];
  return typeof value === 'object' ? value.join(', ') : value;
}

function isFetchHeaders(headers: RequestHeaders): headers is { get(name: string): string | null } {
  return typeof headers.get === 'function';
}
