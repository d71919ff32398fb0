import { challengeScheme, requestUri, type TokenScheme } from '@signum/token';
import type { ShownKey } from '../core/key-proof.ts';
import type { Edge, VerifyOptions } from '../edge.ts';
import type { Verdict, VerifiedToken } from '../verdict.ts';
import { challengeFor } from './challenge.ts';
import { checkGuardOptions, type GuardOptions } from './guard-options.ts';

export type { GuardOptions } from './guard-options.ts';

/** What a request shows besides its headers. */
export interface RequestAbout {
  /** Its method, as sent. */
  readonly method: string;
  /** Its path, or its whole URL, of which the path counts. */
  readonly url: string;
  /** SHA-256 of the client's certificate in base64url, if TLS has seen that the client holds its key. */
  readonly certificateThumbprint?: string | undefined;
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

/** RFC 6750 section 2.1, RFC 9449 section 7.1. */
const CREDENTIALS = /^(bearer|dpop) +([A-Za-z0-9._~+/-]+=*)$/i;

/**
 * Checks the token in a request's `Authorization` header (RFC 6750 section 2.1), and the proof of its key in
 * the header `DPoP` (RFC 9449). Answers are those of RFC 6750 section 3: 401 without a token or with a bad
 * one, or where the user must authenticate in another way (RFC 9470), 403 where a scope is missing, and 503
 * where nobody can answer, so that a client does not throw a good token away. Without `about` a bound token
 * is refused: its proof is one for a certain request.
 *
 * @throws RangeError if an option is not known, or is not what it must be
 */
export function createGuard(
  edge: Pick<Edge, 'verify'>,
  options: GuardOptions = {},
): (headers: RequestHeaders, about?: RequestAbout) => Guarded | Promise<Guarded> {
  checkGuardOptions(options);
  const { scopes, audience, acrValues, maxAgeS, origin } = options;
  const bearer: VerifyOptions = { scopes, audience, acrValues, maxAgeS };

  function judge(verdict: Verdict, token: string, presented: TokenScheme): Guarded {
    if (verdict.active) return { admitted: true, token: verdict.token };
    if (verdict.verdict === 'UNAVAILABLE') {
      return { admitted: false, status: 503, headers: { 'retry-after': '1' }, verdict };
    }
    const status = verdict.verdict === 'INSUFFICIENT_SCOPE' ? 403 : 401;
    const scheme = challengeScheme(presented, token);
    const headers = {
      'www-authenticate': challengeFor(verdict.verdict, scheme, options),
      ...(verdict.nonce !== undefined && { 'dpop-nonce': verdict.nonce }),
    };
    return { admitted: false, status, headers, verdict };
  }

  /** What a request shows of a key. A proof goes with the scheme DPoP and with no other. */
  function wanted(isBound: boolean, headers: RequestHeaders, about?: RequestAbout): VerifyOptions {
    const { method = '', url = '', certificateThumbprint } = about ?? {};
    if (!isBound && certificateThumbprint === undefined) return bearer;
    const dpop = isBound ? (headerOf(headers, 'dpop') ?? '') : undefined;
    const [scheme = '', host = ''] = origin?.split('://') ?? ['https', headerOf(headers, 'host')];
    const uri = requestUri(scheme, host, pathOf(url));
    const proof: ShownKey = { dpop, method, url: uri, certificateThumbprint };
    return { ...bearer, proof };
  }

  return (headers, about) => {
    const text = headerOf(headers, 'authorization');
    // Two credentials, or joined ones, name nobody.
    const [, scheme = '', token] = CREDENTIALS.exec(text ?? '') ?? [];
    if (token === undefined) {
      const told = challengeFor(text === undefined ? 'NONE' : 'UNUSABLE', 'Bearer', options);
      const answer = { 'www-authenticate': told };
      return { admitted: false, status: 401, headers: answer, verdict: undefined };
    }
    const presented = scheme.length === 4 ? 'DPoP' : 'Bearer';
    const verdict = edge.verify(token, wanted(presented === 'DPoP', headers, about));
    const judged = (each: Verdict) => judge(each, token, presented);
    return verdict instanceof Promise ? verdict.then(judged) : judged(verdict);
  };
}

/** Several values are joined, and are then none that is good. */
function headerOf(headers: RequestHeaders, name: string): string | undefined {
  if (isFetchHeaders(headers)) return headers.get(name) ?? undefined;
  const value = headers[name];
  return typeof value === 'object' ? value.join(', ') : value;
}

/** Of a URL or of what is a path already. */
function pathOf(url: string): string {
  return url.startsWith('/') ? url : (URL.parse(url)?.pathname ?? '');
}

function isFetchHeaders(headers: RequestHeaders): headers is { get(name: string): string | null } {
  return typeof headers.get === 'function';
}
