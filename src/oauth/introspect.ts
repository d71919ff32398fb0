import { type JsonObject, writeGrantClaims } from '@signum/token';
import type { HttpEndpoint } from '../call/endpoint.ts';
import { SignumError } from '../domain/errors.ts';
import type { ActiveToken } from '../domain/verdict.ts';
import { accessOf } from '../policy/access.ts';
import { OAUTH_INTROSPECT } from '../policy/access-table.ts';
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

interface IntrospectRequest extends FormClient {
  readonly token: string;
}

export interface IntrospectOptions {
  readonly tokens: Pick<Tokens, 'validate'>;
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
): HttpEndpoint<IntrospectRequest, JsonObject> {
  const { tokens, issuer } = options;
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
        return verdict === 'ACTIVE' && token ? describe(token, issuer) : { active: false };
      },
    },
    path: INTROSPECT_PATH,
    verbs: ['POST'],
    hasBody: true,
    readsQuery: true,
    decode(head, body) {
      const form = readForm(head, body);
      return { token: form.require('token'), ...readClient(head, form) };
    },
    encode: (answer) => jsonAnswer(200, answer),
    encodeError: encodeOAuthError,
  };
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
