import type { DeviceRef, TokenRef, UnverifiedAccess } from '@signum/token';
import { callerName } from '../domain/caller.ts';
import { SignumError } from '../domain/errors.ts';
import { type KeyProof, NO_PROOF } from '../domain/key-proof.ts';
import type {
  Durability,
  DurabilityReached,
  FenceReached,
  FenceWanted,
  RevocationReason,
} from '../domain/session.ts';
import type { AdmittedCall } from '../policy/access.ts';
import { authoriseDurability, authoriseFence } from '../policy/waiting.ts';
import { readFingerprint } from '../store/sessions/fingerprint.ts';
import {
  revokeDevice,
  revokeUser as revokeUserInStore,
  type SessionGuard,
  type ShownToken,
} from '../store/sessions/revoke.ts';
import type { TokenDeps } from './deps.ts';
import { type TokenEvent, tellAfter, tellIfUnconfirmed } from './event.ts';
import { presentedSession, requireClient } from './presented-session.ts';
import { type BoundToken, requireKey } from './prove.ts';

export interface RevokeInput {
  readonly subject:
    | { readonly token: string }
    | { readonly ids: TokenRef }
    | { readonly session: { readonly device: DeviceRef; readonly sessionId: string } }
    | { readonly device: DeviceRef };
  readonly reason: RevocationReason;
  /** With a token: who a client says that it is that has not shown it; it must be the session's. */
  readonly clientId?: string | undefined;
  /** What shows that the token's holder holds the key; of no account to callers that may revoke. */
  readonly proof?: KeyProof | undefined;
  /** The deployment's default when absent. */
  readonly durability?: Durability | undefined;
  /** The deployment's default when absent. */
  readonly fence?: FenceWanted | undefined;
}

export interface Revoked {
  readonly count: number;
  readonly revision: number;
  readonly durability: DurabilityReached;
  /** Absent unless it was to be waited for. */
  readonly fence?: FenceReached | undefined;
}

export interface RevokeUserInput {
  readonly tenantId: string;
  readonly userId: string;
  readonly exceptDeviceId?: string | undefined;
  readonly reason: RevocationReason;
  readonly durability?: Durability | undefined;
  /** The deployment's default when absent. */
  readonly fence?: FenceWanted | undefined;
}

/** Ends one session: by a token of it, by its access token's ids, by its id, or by its device. */
export async function revoke(
  deps: TokenDeps,
  call: AdmittedCall,
  input: RevokeInput,
): Promise<Revoked> {
  const { device, guard } = await resolve(deps, call, input);
  const durability = authoriseDurability(call.caller, input.durability, deps.policy.durability);
  const awaited = authoriseFence(call.caller, input.fence, deps.policy.fence);
  const { reason } = input;
  const by = callerName(call.caller);
  const { tenantId, userId, deviceId } = device;
  const { sessionId, tokenId } = guard;
  const about = { tenantId, userId, deviceId, sessionId, tokenId };
  call.about = about;
  const event: TokenEvent = { event: 'revoke', call, reason, ...about };
  const { count, revision, reached } = await tellIfUnconfirmed(
    deps.onEvent,
    event,
    revokeDevice(deps.store, device, guard, { reason, by, durability, awaited }, call),
  );
  const place = { partition: deps.store.keyspace.partition(tenantId, userId).number, revision };
  const fence = await tellAfter(deps.onEvent, [{ ...event, count }], async () =>
    awaited ? deps.fence([place], durability, call) : undefined,
  );
  return { count, revision, durability: reached, fence };
}

/** Ends all of a user's sessions, or all but one device's. */
export async function revokeUser(
  deps: TokenDeps,
  call: AdmittedCall,
  input: RevokeUserInput,
): Promise<Revoked> {
  const durability = authoriseDurability(call.caller, input.durability, deps.policy.durability);
  const awaited = authoriseFence(call.caller, input.fence, deps.policy.fence);
  const { tenantId, userId, exceptDeviceId, reason } = input;
  const revocation = { reason, by: callerName(call.caller), durability, awaited };
  const who = { tenantId, userId, exceptDeviceId };
  const event: TokenEvent = { event: 'revoke_user', call, tenantId, userId, reason };
  const { count, revision, reached } = await tellIfUnconfirmed(
    deps.onEvent,
    event,
    revokeUserInStore(deps.store, who, revocation, call),
  );
  const place = { partition: deps.store.keyspace.partition(tenantId, userId).number, revision };
  const fence = await tellAfter(deps.onEvent, [{ ...event, count }], async () =>
    awaited ? deps.fence([place], durability, call) : undefined,
  );
  return { count, revision, durability: reached, fence };
}

interface Resolved {
  readonly device: DeviceRef;
  readonly guard: SessionGuard;
}

async function resolve(
  deps: TokenDeps,
  call: AdmittedCall,
  { subject, clientId, proof = NO_PROOF }: RevokeInput,
): Promise<Resolved> {
  if ('device' in subject) return { device: subject.device, guard: {} };
  if ('session' in subject) {
    return { device: subject.session.device, guard: { sessionId: subject.session.sessionId } };
  }
  if ('ids' in subject) return { device: subject.ids, guard: { tokenId: subject.ids.tokenId } };
  const token = await readEither(deps, call, subject.token);
  const { device, sessionId } = token;
  call.authoriseToken(device);
  if (call.caller.kind !== 'service') await requireKey(deps, token, proof, call);
  const session = clientId === undefined ? undefined : await presentedSession(deps, token, call);
  if (session && clientId !== undefined) requireClient(session, clientId);
  return { device, guard: { sessionId, shown: token } };
}

/** The claims of a genuine access or refresh token, expired ones included: logging out always works. */
async function readEither(
  deps: TokenDeps,
  call: AdmittedCall,
  token: string,
): Promise<BoundToken & ShownToken & { device: DeviceRef; sessionId: string }> {
  if (deps.signing.looksLikeRefresh(token)) return deps.signing.readRefresh(token);
  const read = deps.signing.readAccess(token);
  if (typeof read !== 'string' && (await isGenuine(deps, call, token, read)))
    return { ...read.claims, accessToken: token };
  throw new SignumError('TOKEN_INVALID', 'the token is not one that this service issued');
}

/**
 * A live token is recognised by its fingerprint, as in Validate: to read that takes a third of the
 * time of verifying an asymmetric signature. Others are verified.
 */
async function isGenuine(
  { signing, store }: TokenDeps,
  call: AdmittedCall,
  token: string,
  read: UnverifiedAccess,
): Promise<boolean> {
  if (!read.algorithm.startsWith('HS') && signing.holdsKey(read.keyId)) {
    const { tokenId, fingerprint } = await readFingerprint(store, read.claims.device, call);
    const isLive = tokenId === read.claims.tokenId;
    if (isLive && fingerprint === signing.fingerprint(token, read.keyId)) return true;
  }
  return signing.verifyAccess(token, read);
}
