import type { DeviceRef, GrantClaims } from '@signum/token';
import { SignumError } from '../domain/errors.ts';
import type { Session } from '../domain/session.ts';
import type { AdmittedCall } from '../policy/access.ts';
import { sessionOf } from '../store/sessions/sessions.ts';
import type { TokenDeps } from './deps.ts';

/** The live session of a token that a caller presents; undefined if it has ended. */
export async function presentedSession(
  deps: TokenDeps,
  token: { readonly device: DeviceRef; readonly sessionId: string },
  call: AdmittedCall,
): Promise<Session | undefined> {
  const { tenantId, userId } = token.device;
  if (call.caller.kind !== 'service') await deps.limit('reads', `${tenantId}\0${userId}`, call);
  return sessionOf(deps.store, token, call);
}

/**
 * Refuses a client that has shown nothing of itself and names itself, unless the session is its own (RFC
 * 6749 section 10.4). A session from before there were clients is anybody's who holds its token.
 * @throws TOKEN_INVALID naming `client_id`.
 */
export function requireClient(
  { clientId: owner }: Pick<GrantClaims, 'clientId'>,
  clientId: string,
): void {
  if (owner === undefined || owner === clientId) return;
  throw new SignumError('TOKEN_INVALID', 'the token was issued to another client', {
    metadata: { field: 'client_id' },
  });
}
