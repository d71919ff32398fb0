import type { RefreshClaims } from '@signum/token';
import { callerName } from '../domain/caller.ts';
import { invalidField, SignumError } from '../domain/errors.ts';
import type { KeyProof } from '../domain/key-proof.ts';
import type { AdmittedCall } from '../policy/access.ts';
import { rateLimited } from '../store/sessions/rate-limit.ts';
import { type RefreshOutcome, refresh as refreshInStore } from '../store/sessions/refresh.ts';
import type { TokenDeps } from './deps.ts';
import { type TokenEvent, tellAfter } from './event.ts';
import { presentedSession, requireClient } from './presented-session.ts';
import { requireKey } from './prove.ts';
import { signPair, type TokenPair } from './sign-pair.ts';
import { withSigningKey } from './with-signing-key.ts';

export interface RefreshInput {
  readonly refreshToken: string;
  /** Who a client says that it is that has not shown it; it must be the session's. */
  readonly clientId?: string | undefined;
  /** What the client takes the session's scopes for, in any order; others are refused. Undefined: whatever they are. */
  readonly scopes?: readonly string[] | undefined;
  /** What shows that its holder holds the key, if the token is bound to one. */
  readonly proof: KeyProof;
}

export interface Refreshed {
  readonly tokens: TokenPair;
  readonly replayed: boolean;
  readonly revision: number;
}

/** Exchanges a refresh token for its successor (RFC 6749 section 6, rotation by RFC 9700 4.14.2). */
export async function refresh(
  deps: TokenDeps,
  call: AdmittedCall,
  { refreshToken, scopes, clientId, proof }: RefreshInput,
): Promise<Refreshed> {
  const presented = await deps.signing.readRefresh(refreshToken);
  const { device } = presented;
  call.authoriseToken(device);
  const { tenantId, userId, deviceId } = device;
  const { sessionId } = presented;
  const about = { tenantId, userId, deviceId, sessionId };
  call.about = about;
  if (call.caller.kind === 'service') await deps.limit('caller', callerName(call.caller), call);
  // Before anything else: a thief without the key changes nothing, not even by using it twice.
  await requireKey(deps, presented, proof, call);
  await requireSession(deps, presented, { scopes, clientId }, call);

  const by = callerName(call.caller);
  const outcome = await withSigningKey(deps.signing, call, (keyId, staleKeyId) =>
    refreshInStore(
      deps.store,
      {
        presented,
        tokenId: deps.newId(),
        keyId,
        staleKeyId,
        allowedAudiences: deps.policy.audiences,
        rate: deps.policy.ratePerUser,
        by,
      },
      call,
    ),
  );

  if (!('grant' in outcome)) {
    if (outcome.status === 'REUSED') {
      const reason = 'REFRESH_REUSE';
      deps.onEvent({ event: 'reuse', call, ...about, reason, count: 1 });
    }
    throw refusal(outcome);
  }
  const { grant } = outcome;
  const replayed = outcome.status === 'REPLAYED';
  const { tokenId, revision } = grant;
  const event: TokenEvent = { event: 'refresh', call, ...about, tokenId };
  const sign = () => signPair(deps, device, grant, call);
  return {
    tokens: await tellAfter(deps.onEvent, replayed ? [] : [event], sign),
    replayed,
    revision,
  };
}

/**
 * A client may say who it is, which must be so, and which scopes it asks for, none that was not granted (RFC
 * 6749 section 6). Fewer are refused as well: the token would hold more than was asked for. What has become of
 * a session that is not there any more is told by the refresh itself.
 */
async function requireSession(
  deps: TokenDeps,
  presented: RefreshClaims,
  { scopes, clientId }: Pick<RefreshInput, 'scopes' | 'clientId'>,
  call: AdmittedCall,
): Promise<void> {
  if (scopes === undefined && clientId === undefined) return;
  const session = await presentedSession(deps, presented, call);
  if (session === undefined) return;
  if (clientId !== undefined) requireClient(session, clientId);
  if (scopes === undefined) return;
  const granted = session.scopes;
  const asked = new Set(scopes);
  const same = asked.size === granted.length && granted.every((scope) => asked.has(scope));
  if (!same) throw invalidField('scope', 'must be left out, or be the scopes of the session');
}

function refusal(
  outcome: Exclude<RefreshOutcome, { status: 'ROTATED' | 'REPLAYED' | 'KEY_REVOKED' }>,
): SignumError {
  switch (outcome.status) {
    case 'REVOKED':
      // The sweeper has moved the session before its refresh token was seen again.
      if (outcome.reason === 'EXPIRED') return tokenExpired();
      return new SignumError('SESSION_REVOKED', 'the session was ended', {
        metadata: { revocation_reason: outcome.reason },
      });
    case 'EXPIRED':
      return tokenExpired();
    case 'REUSED':
      return new SignumError(
        'REFRESH_REUSED',
        'the refresh token had been used before: its session has ended',
      );
    case 'RATE_LIMITED':
      return rateLimited('user', outcome.waitMs);
    case 'NOT_FOUND':
      return new SignumError('SESSION_NOT_FOUND', 'the session does not exist');
  }
}

function tokenExpired(): SignumError {
  return new SignumError('TOKEN_EXPIRED', 'the refresh token has expired');
}
