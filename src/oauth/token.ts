import type { HttpEndpoint } from '../call/endpoint.ts';
import { SignumError } from '../domain/errors.ts';
import { accessOf } from '../policy/access.ts';
import { OAUTH_TOKEN } from '../policy/access-table.ts';
import type { Refreshed } from '../tokens/refresh.ts';
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

export const TOKEN_PATH = '/oauth2/token';

interface TokenRequest extends FormClient {
  readonly refreshToken: string;
  readonly scopes: readonly string[] | undefined;
}

/**
 * The token endpoint (RFC 6749 section 3.2), for refreshing alone (section 6). The refresh token is the
 * credential; a client that shows who it is needs the permission `refresh` besides.
 */
export function token(
  tokens: Pick<Tokens, 'refresh'>,
  maxBytes: number,
): HttpEndpoint<TokenRequest, Refreshed> {
  return {
    endpoint: {
      kind: 'unary',
      name: OAUTH_TOKEN,
      access: accessOf(OAUTH_TOKEN),
      maxBytes,
      credentials: clientCredentials,
      inputCredentials: formCredentials,
      async handle(call, input) {
        requireSameClient(call, input);
        const { refreshToken, scopes } = input;
        const clientId = call.caller.kind === 'service' ? undefined : input.clientId;
        return tokens.refresh(call, { refreshToken, scopes, clientId, proof: call.shown });
      },
    },
    path: TOKEN_PATH,
    verbs: ['POST'],
    hasBody: true,
    readsQuery: true,
    decode(head, body) {
      const form = readForm(head, body);
      if (form.require('grant_type') !== 'refresh_token') {
        throw new SignumError('UNIMPLEMENTED', 'the only grant type is refresh_token');
      }
      return {
        refreshToken: form.require('refresh_token'),
        scopes: form.get('scope')?.split(' '),
        ...readClient(head, form),
      };
    },
    encode: ({ tokens: pair }) =>
      jsonAnswer(200, {
        access_token: pair.accessToken,
        token_type: pair.confirmation?.method === 'jkt' ? 'DPoP' : 'Bearer',
        expires_in: Math.floor(pair.expiresInMs / 1000),
        refresh_token: pair.refreshToken,
        ...(pair.scopes.length > 0 && { scope: pair.scopes.join(' ') }),
      }),
    encodeError: encodeOAuthError,
  };
}
