import { challengeScheme, PROOF_ALGORITHMS, type TokenScheme } from '@signum/token';
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
/** RFC 9449 sections 7.1 and 9. Of a certificate the error is that of the token (RFC 8705 section 3). */
const PROOF_ERROR: Readonly<Partial<Record<VerdictName, string>>> = {
  KEY_PROOF_INVALID: 'invalid_dpop_proof',
  KEY_PROOF_NONCE: 'use_dpop_nonce',
};

/**
 * Checks the token in a request's `Authorization` header (RFC 6750 section 2.1), and the proof of its key in
 * the header `DPoP` (RFC 9449). Answers are those of RFC 6750 section 3: 401 without a token or with a bad
 * one, or where the user must authenticate in another way (RFC 9470), 403 where a scope is missing, and 503
 * where nobody can answer, so that a client does not throw a good token away. Without `about` a bound token is refused: its proof is one for a certain request.
 *
 * @throws RangeError if the realm, a scope or an authentication class cannot stand in a challenge, or the
 * origin is none
 */
export function createGuard(
  edge: Pick<Edge, 'verify'>,
  options: GuardOptions = {},
): (headers: RequestHeaders, about?: RequestAbout) => Guarded | Promise<Guarded> {
  const { realm, origin, ...bearer } = options;
  const { scopes = [], acrValues = [], maxAgeS } = bearer;
  if (![realm ?? '', ...scopes, ...acrValues].every((text) => QUOTABLE.test(text))) {
    throw new RangeError('realm, scopes and acrValues must be printable ASCII without quotes');
  }
  if (origin !== undefined && !ORIGIN.test(origin)) {
    throw new RangeError('`origin` must be like https://api.example.com, nothing more');
  }

  /** RFC 9470 section 3. */
  const stepUp = [
    'error="insufficient_user_authentication"',
    ...(acrValues.length === 0 ? [] : [`acr_values="${acrValues.join(' ')}"`]),
    ...(maxAgeS === undefined ? [] : [`max_age="${maxAgeS}"`]),
  ];

  function challenge(scheme: TokenScheme, ...parameters: string[]): Record<string, string> {
    const all = [
      ...(realm === undefined ? [] : [`realm="${realm}"`]),
      ...parameters,
      ...(scheme === 'DPoP' ? [ALGORITHMS] : []),
    ];
    return { 'www-authenticate': [scheme, all.join(', ')].join(' ').trimEnd() };
  }

  function refuse(verdict: Verdict, scheme: TokenScheme): Guarded {
    const refused = (status: 401 | 403, ...parameters: string[]): Guarded => {
      const headers = challenge(scheme, ...parameters);
      if (verdict.nonce !== undefined) headers['dpop-nonce'] = verdict.nonce;
      return { admitted: false, status, headers, verdict };
    };
    switch (verdict.verdict) {
      case 'INSUFFICIENT_SCOPE':
        return refused(403, 'error="insufficient_scope"', `scope="${scopes.join(' ')}"`);
      case 'INSUFFICIENT_AUTHENTICATION':
        return refused(401, ...stepUp);
      default: {
        const proofError = scheme === 'DPoP' ? PROOF_ERROR[verdict.verdict] : undefined;
        return refused(401, `error="${proofError ?? 'invalid_token'}"`);
      }
    }
  }

  function judge(verdict: Verdict, token: string, presented: TokenScheme): Guarded {
    if (verdict.active && verdict.token !== undefined) {
      return { admitted: true, token: verdict.token };
    }
    if (verdict.verdict === 'UNAVAILABLE') {
      return { admitted: false, status: 503, headers: { 'retry-after': '1' }, verdict };
    }
    return refuse(verdict, challengeScheme(presented, token));
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
