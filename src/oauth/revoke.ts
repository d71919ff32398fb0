import type { HttpEndpoint } from '../call/endpoint.ts';
import { SignumError } from '../domain/errors.ts';
import { accessOf } from '../policy/access.ts';
import { OAUTH_REVOKE } from '../policy/access-table.ts';
import type { Tokens } from '../tokens/tokens.ts';
import {
  clientCredentials,
  type FormClient,
  formCredentials,
  readClient,
  requireSameClient,
} from './client-credentials.ts';
import { readForm } from './form.ts';
import { encodeOAuthError } from './oauth-error.ts';

export const REVOKE_PATH = '/oauth2/revoke';

interface RevokeRequest extends FormClient {
  readonly token: string;
}

/**
 * Token revocation (RFC 7009). Either token ends its session, and with it both: there is no access token
 * without a session. A token that Signum does not know is as good as revoked, section 2.2.
 */
export function revoke(
  tokens: Pick<Tokens, 'revoke'>,
  maxBytes: number,
): HttpEndpoint<RevokeRequest, void> {
  return {
    endpoint: {
      kind: 'unary',
      name: OAUTH_REVOKE,
      access: accessOf(OAUTH_REVOKE),
      maxBytes,
      mayWait: () => true,
      credentials: clientCredentials,
      inputCredentials: formCredentials,
      async handle(call, input) {
        requireSameClient(call, input);
        const subject = { token: input.token };
        const clientId = call.caller.kind === 'service' ? undefined : input.clientId;
        await tokens
          .revoke(call, { subject, reason: 'LOGOUT', clientId, proof: call.shown })
          .catch(unknownToken);
      },
    },
    path: REVOKE_PATH,
    verbs: ['POST'],
    hasBody: true,
    readsQuery: true,
    decode(head, body) {
      // `token_type_hint` is only a hint: either kind tells what it is.
      const form = readForm(head, body);
      return { token: form.require('token'), ...readClient(head, form) };
    },
    encode: () => ({ status: 200, headers: { 'cache-control': 'no-store' }, body: '' }),
    encodeError: encodeOAuthError,
  };
}

function unknownToken(thrown: unknown): void {
  const isUnknown = thrown instanceof SignumError && thrown.reason === 'TOKEN_INVALID';
  // One of another client is known, and the client is told (section 2.1).
  if (!isUnknown || thrown.metadata['field'] === 'client_id') throw thrown;
}
