import { PROOF_ALGORITHMS } from '@signum/token';
import type { ShownKey } from '../core/key-proof.ts';
import type { Edge, VerifyOptions } from '../edge.ts';
import type { Verdict, VerdictName, VerifiedToken } from '../verdict.ts';

/** What a request must satisfy, and how a refusal names the place that it was refused at. */
export interface GuardOptions extends Omit<VerifyOptions, 'proof'> {
  /** `realm` of the challenges; none by default. Printable ASCII without quotes and backslashes. */
  readonly realm?: string | undefined;
  /**
   * The origin that clients know this service by, such as `https://api.example.com`: their DPoP proofs
   * name it. By default https and the header `Host`. Set it where a proxy in front changes that header, or
   * where clients come by plain HTTP.
   */
  readonly origin?: string | undefined;
}

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

/** Printable ASCII without quotes and backslashes, which would have to be quoted. */
const QUOTABLE = /^[ !#-[\]-~]*$/;
/** RFC 6750 section 2.1, RFC 9449 section 7.1. */
const CREDENTIALS = /^(bearer|dpop) +([A-Za-z0-9._~+/-]+=*)$/i;
const ORIGIN = /^https?:\/\/[^/?#@\s]+$/i;
const ALGORITHMS = `algs="${PROOF_ALGORITHMS.join(' ')}"`;
/** RFC 9449 sections 7.1 and 9. */
const PROOF_ERROR: Readonly<Partial<Record<VerdictName, string>>> = {
  KEY_PROOF_REQUIRED: 'invalid_token',
  KEY_PROOF_INVALID: 'invalid_dpop_proof',
  KEY_PROOF_NONCE: 'use_dpop_nonce',
};

/**
 * Checks the token in a request's `Authorization` header (RFC 6750 section 2.1), and the proof of its key in
 * the header `DPoP` (RFC 9449). Answers are those of RFC 6750 section 3: 401 without a token or with a bad
 * one, 403 where a scope is missing, and 503 where nobody can answer, so that a client does not throw a
 * good token away. Without `about` a bound token is refused: its proof is one for a certain request.
 *
 * @throws RangeError if the realm or a scope cannot stand in a challenge, or the origin is none
 */
export function createGuard(
  edge: Pick<Edge, 'verify'>,
  options: GuardOptions = {},
): (headers: RequestHeaders, about?: RequestAbout) => Guarded | Promise<Guarded> {
  const { realm, scopes = [], audience, origin } = options;
  const bearer: VerifyOptions = { scopes, audience };
  if (![realm ?? '', ...scopes].every((text) => QUOTABLE.test(text))) {
    throw new RangeError('the realm and scopes must be printable ASCII without quotes');
  }
  if (origin !== undefined && !ORIGIN.test(origin)) {
    throw new RangeError('`origin` must be like https://api.example.com, nothing more');
  }

  function challenge(scheme: string, ...parameters: readonly string[]): Record<string, string> {
    const all = [...(realm === undefined ? [] : [`realm="${realm}"`]), ...parameters];
    return { 'www-authenticate': [scheme, all.join(', ')].join(' ').trimEnd() };
  }

  function refuse(verdict: Verdict): Guarded {
    const error = PROOF_ERROR[verdict.verdict];
    const headers =
      error === undefined
        ? challenge('Bearer', 'error="invalid_token"')
        : challenge('DPoP', `error="${error}"`, ALGORITHMS);
    if (verdict.nonce !== undefined) headers['dpop-nonce'] = verdict.nonce;
    return { admitted: false, status: 401, headers, verdict };
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
        const headers = challenge('Bearer', 'error="insufficient_scope"', scope);
        return { admitted: false, status: 403, headers, verdict };
      }
      default:
        return refuse(verdict);
    }
  }

  /** What a request shows of a key. A proof goes with the scheme DPoP and with no other. */
  function wanted(isBound: boolean, headers: RequestHeaders, about?: RequestAbout): VerifyOptions {
    const { method = '', url = '', certificateThumbprint } = about ?? {};
    if (!isBound && certificateThumbprint === undefined) return bearer;
    const dpop = isBound ? (headerOf(headers, 'dpop') ?? '') : undefined;
    const host = origin ?? `https://${headerOf(headers, 'host') ?? ''}`;
    const proof: ShownKey = { dpop, method, url: `${host}${pathOf(url)}`, certificateThumbprint };
    return { ...bearer, proof };
  }

  return (headers, about) => {
    const text = headerOf(headers, 'authorization');
    // Two credentials, or joined ones, name nobody.
    const [, scheme = '', token] = CREDENTIALS.exec(text ?? '') ?? [];
    if (token === undefined) {
      const bad = text === undefined ? [] : ['error="invalid_token"'];
      const told = challenge('Bearer', ...bad);
      return { admitted: false, status: 401, headers: told, verdict: undefined };
    }
    const verdict = edge.verify(token, wanted(scheme.length === 4, headers, about));
    return verdict instanceof Promise ? verdict.then(judge) : judge(verdict);
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
