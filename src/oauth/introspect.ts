import { type JsonObject, writeGrantClaims } from '@signum/token';
import type { HttpEndpoint } from '../call/endpoint.ts';
import { SignumError } from '../domain/errors.ts';
import type { ActiveToken } from '../domain/verdict.ts';
import { accessOf } from '../policy/access.ts';
import { OAUTH_INTROSPECT } from '../policy/access-table.ts';
import type { Signing } from '../signing/signing.ts';
import type { Tokens } from '../tokens/tokens.ts';
import {
  clientCredentials,
  type FormClient,
  formCredentials,
  readClient,
  requireSameClient,
} from './client-credentials.ts';
import { readForm } from './form.ts';
import { encodeOAuthError, jsonAnswer } from './oauth-error.ts';

export const INTROSPECT_PATH = '/oauth2/introspect';

/** RFC 9701 section 4. */
const JWT_TYPE = 'application/token-introspection+jwt';

interface IntrospectRequest extends FormClient {
  readonly token: string;
  /** Whether the answer is to be signed. */
  readonly asJwt: boolean;
}

export interface IntrospectOptions {
  readonly tokens: Pick<Tokens, 'validate'>;
  readonly signing: Pick<Signing, 'signIntrospection'>;
  readonly issuer: string;
  readonly maxBytes: number;
}

/**
 * Token introspection (RFC 7662), for access tokens. Of a token that is not good, not known, not an access
 * token, or not of the caller's tenants, no more is said than that. A token that is bound to a key is
 * told with its `cnf`: whoever asks has been shown the proof and checks it (RFC 9449 section 6.2).
 */
export function introspect(
  options: IntrospectOptions,
): HttpEndpoint<IntrospectRequest, JsonObject | string> {
  const { tokens, signing, issuer } = options;
  return {
    endpoint: {
      kind: 'unary',
      name: OAUTH_INTROSPECT,
      access: accessOf(OAUTH_INTROSPECT),
      maxBytes: options.maxBytes,
      credentials: clientCredentials,
      inputCredentials: formCredentials,
      async handle(call, input) {
        requireSameClient(call, input);
        const { verdict, token } = await tokens
          .validate(call, {
            subject: { token: input.token },
            requiredScopes: [],
            audiences: [],
            minRevision: 0,
            proof: 'LEFT_TO_CALLER',
          })
          .catch(ofAnotherTenant);
        const isActive = verdict === 'ACTIVE' && token !== undefined;
        const response = isActive ? describe(token, issuer) : { active: false };
        if (!input.asJwt || call.caller.kind !== 'service') return response;
        return (await signing.signIntrospection(response, call.caller.name)) ?? response;
      },
    },
    path: INTROSPECT_PATH,
    verbs: ['POST'],
    hasBody: true,
    readsQuery: true,
    decode(head, body) {
      const form = readForm(head, body);
      const asJwt = accepts(head.header('accept') ?? '', JWT_TYPE);
      return { token: form.require('token'), asJwt, ...readClient(head, form) };
    },
    encode(answer) {
      if (typeof answer !== 'string') return jsonAnswer(200, answer);
      const headers = { 'content-type': JWT_TYPE, 'cache-control': 'no-store' };
      return { status: 200, headers, body: answer };
    },
    encodeError: encodeOAuthError,
  };
}

/** Whether a header `accept` names a type, and does not rule it out (RFC 9110 section 12.5.1). */
function accepts(header: string, type: string): boolean {
  if (!header.toLowerCase().includes(type)) return false;
  return header.split(',').some((range) => {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    return name === type && !parameters.some((each) => /^q=0(?:\.0{0,3})?$/.test(each));
  });
}

/** RFC 7662 section 2.2. Custom claims come first: none of them may stand in for what Signum says. */
function describe(token: ActiveToken, issuer: string): JsonObject {
  const { ref, audiences, confirmation } = token;
  const issuedAtS = token.issuedAtMs / 1000;
  return {
    ...writeGrantClaims(token),
    active: true,
    iss: issuer,
    sub: ref.userId,
    aud: audiences.length === 1 ? (audiences[0] ?? '') : [...audiences],
    token_type: confirmation?.method === 'jkt' ? 'DPoP' : 'Bearer',
    exp: token.expiresAtMs / 1000,
    iat: issuedAtS,
    nbf: issuedAtS,
    jti: ref.tokenId,
    sid: token.sessionId,
    tid: ref.tenantId,
    did: ref.deviceId,
  };
}

function ofAnotherTenant(thrown: unknown): { verdict: 'UNKNOWN'; token?: undefined } {
  if (thrown instanceof SignumError && thrown.reason === 'PERMISSION_DENIED') {
    return { verdict: 'UNKNOWN' };
  }
  throw thrown;
}
