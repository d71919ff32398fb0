import type { DeviceRef, GrantClaims } from '@signum/token';
import { callerName } from '../domain/caller.ts';
import { checkCustomClaims } from '../domain/custom-claims.ts';
import { invalidField, SignumError } from '../domain/errors.ts';
import { grantLifetimes, type LifetimeWish } from '../domain/lifetimes.ts';
import {
  type ClientMetadata,
  checkMetadata,
  type FencePlace,
  type FenceReached,
  type FenceWanted,
  type SupersedePolicy,
} from '../domain/session.ts';
import { checkTokenContent } from '../domain/token-size.ts';
import type { AdmittedCall } from '../policy/access.ts';
import { authoriseFence } from '../policy/waiting.ts';
import type { Grant } from '../store/scripts/grant.ts';
import { type IssueOutcome, issue as issueInStore, readStanding } from '../store/sessions/issue.ts';
import { userSubject } from '../store/sessions/rate-limit.ts';
import type { TokenDeps } from './deps.ts';
import { type TokenEvent, tellAfter } from './event.ts';
import { requestDigest } from './request-digest.ts';
import { signPair, type TokenPair } from './sign-pair.ts';
import { withSigningKey } from './with-signing-key.ts';

/** Without audiences it is the deployment's default one, without a client id the caller's name. */
export interface IssueInput extends GrantClaims {
  readonly device: DeviceRef;
  readonly metadata: ClientMetadata;
  readonly lifetimes: LifetimeWish;
  /** The deployment's default when absent. */
  readonly policy?: SupersedePolicy | undefined;
  readonly requestId?: string | undefined;
  readonly proof?: string | undefined;
  /** Of the session that is superseded; the deployment's default when absent. */
  readonly fence?: FenceWanted | undefined;
}

export interface Issued {
  readonly tokens: TokenPair;
  readonly supersededSessionId?: string | undefined;
  readonly revision: number;
  /** Absent unless it was to be waited for. */
  readonly fence?: FenceReached | undefined;
}

/** Begins a session for a user who has just been authenticated, and signs its first tokens. */
export async function issue(
  deps: TokenDeps,
  call: AdmittedCall,
  input: IssueInput,
): Promise<Issued> {
  const { device } = input;
  const { tenantId, userId, deviceId } = device;
  call.about = { tenantId, userId, deviceId };
  const lifetimes = grantLifetimes(deps.policy.lifetimes, input.lifetimes);
  const by = callerName(call.caller);
  const content = {
    ...input,
    audiences: chooseAudiences(deps.policy.audiences, input.audiences),
    clientId: input.clientId ?? by,
  };
  checkCustomClaims(input.claims);
  checkTokenContent(content);
  checkMetadata(input.metadata);
  const policy = input.policy ?? deps.policy.supersedePolicy(device.tenantId);
  const proof = await readProof(deps, device, policy, input.proof);
  const awaited = authoriseFence(call.caller, input.fence, deps.policy.fence);
  const { durability } = deps.policy;
  const [standing] = await Promise.all([
    readStanding(deps.store, device, call),
    takeFromRates(deps, call, device),
  ]);

  const plan = {
    ...content,
    lifetimes,
    policy,
    proof,
    requestDigest: input.requestId ? requestDigest(by, input, policy) : '',
    allowedAudiences: deps.policy.audiences,
    standing,
    by,
    ...(awaited && { fenced: durability }),
  };
  const outcome = await withSigningKey(deps.signing, call, (keyId, staleKeyId) => {
    const ids = { sessionId: deps.newId(), tokenId: deps.newId(), keyId, staleKeyId };
    return issueInStore(deps.store, { ...plan, ...ids }, call);
  });
  if (!('grant' in outcome)) throw refusal(outcome, deps.store.policy.maxDevices);

  const { grant, status } = outcome;
  // The first call with this request id has been told of.
  const events = status === 'REPEATED' ? [] : eventsOf(call, device, grant);
  const [tokens, fence] = await tellAfter(deps.onEvent, events, async () => {
    const signed = await signPair(deps, device, grant, call);
    const places = awaited ? fencePlaces(deps, device, status, grant.revision) : [];
    return [signed, awaited ? await deps.fence(places, durability, call) : undefined];
  });
  const { supersededSessionId, revision } = grant;
  return { tokens, supersededSessionId, revision, fence };
}

/**
 * What ended is the change before the new session's. Where that was a repeated call does not know: it is
 * recorded as a change of its own, which comes after.
 */
function fencePlaces(
  deps: TokenDeps,
  { tenantId, userId }: DeviceRef,
  status: IssueOutcome['status'],
  revision: number,
): FencePlace[] {
  const partition = deps.store.keyspace.partition(tenantId, userId).number;
  if (status === 'ISSUED') return [];
  return [{ partition, revision: status === 'SUPERSEDED' ? revision - 1 : revision }];
}

async function takeFromRates(
  deps: TokenDeps,
  call: AdmittedCall,
  device: DeviceRef,
): Promise<void> {
  await deps.limit('caller', callerName(call.caller), call);
  await deps.limit('user', userSubject(device.tenantId, device.userId), call);
}

function chooseAudiences(allowed: readonly string[], wanted: readonly string[]): readonly string[] {
  if (wanted.length === 0) return allowed.slice(0, 1);
  const foreign = wanted.findIndex((audience) => !allowed.includes(audience));
  if (foreign < 0) return wanted;
  throw invalidField(`audiences[${foreign}]`, "must be one of the deployment's audiences");
}

async function readProof(
  deps: TokenDeps,
  device: DeviceRef,
  policy: SupersedePolicy,
  token: string | undefined,
) {
  if (policy !== 'REQUIRE_PROOF' || !token) return undefined;
  const claims = await deps.signing.readRefresh(token).catch(() => undefined);
  const same =
    claims?.device.tenantId === device.tenantId &&
    claims.device.userId === device.userId &&
    claims.device.deviceId === device.deviceId;
  return same ? claims : undefined;
}

function refusal(
  outcome: Exclude<IssueOutcome, { readonly grant: unknown } | { readonly status: 'KEY_REVOKED' }>,
  max: number,
) {
  switch (outcome.status) {
    case 'EXISTS':
      return new SignumError('SESSION_EXISTS', 'a session is live on the device');
    case 'PROOF_REQUIRED':
      return new SignumError(
        'PROOF_REQUIRED',
        "the live session's current refresh token is required",
      );
    case 'DEVICE_LIMIT':
      return new SignumError('DEVICE_LIMIT', `the user holds ${max} sessions already`, {
        metadata: { max: String(max) },
      });
    case 'OTHER_REQUEST':
      return invalidField('request_id', 'must not be that of another request within 60 s');
    case 'AUTH_TIME_AHEAD':
      return invalidField('auth_time', 'must not be in the future');
    case 'MOVED_ON':
      return new SignumError(
        'SESSION_REVOKED',
        'the session that this request id began has moved on',
        { metadata: { revocation_reason: outcome.reason } },
      );
  }
}

function eventsOf(call: AdmittedCall, device: DeviceRef, grant: Grant): TokenEvent[] {
  const { tenantId, userId, deviceId } = device;
  const { sessionId, tokenId, supersededSessionId } = grant;
  const issue = { event: 'issue', call, tenantId, userId, deviceId, sessionId, tokenId } as const;
  if (!supersededSessionId) return [issue];
  const ended = { tenantId, userId, deviceId, sessionId: supersededSessionId };
  return [{ event: 'supersede', call, ...ended, reason: 'SUPERSEDED' }, issue];
}
