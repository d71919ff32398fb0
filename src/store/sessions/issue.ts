import type { DeviceRef, GrantClaims } from '@signum/token';
import type { Deadline } from '../../domain/call.ts';
import type { Lifetimes } from '../../domain/lifetimes.ts';
import type {
  ClientMetadata,
  Durability,
  RevocationReason,
  SupersedePolicy,
} from '../../domain/session.ts';
import type { DurableRun } from '../dispatch/durable-runs.ts';
import { encodeClaims } from '../scripts/claims.ts';
import type { StoreContext } from '../scripts/context.ts';
import { FIELD } from '../scripts/fields.ts';
import { type Grant, parseGrant } from '../scripts/grant.ts';
import { revokedKey, tenantField } from '../scripts/keys.ts';
import { type Argument, type Reply, SCRIPTS } from '../scripts/script.ts';
import { sweepUser } from './sweep.ts';

export interface IssuePlan extends GrantClaims {
  readonly device: DeviceRef;
  readonly sessionId: string;
  readonly tokenId: string;
  readonly keyId: string;
  readonly lifetimes: Lifetimes;
  readonly policy: SupersedePolicy;
  /** Session and generation of a presented refresh token. */
  readonly proof: { readonly sessionId: string; readonly generation: number } | undefined;
  readonly requestId?: string | undefined;
  /** Of who asks and what for: a request id is answered again only to the same request. */
  readonly requestDigest: string;
  /** A key that signs no more: a repeated session that still has it gets another token. */
  readonly staleKeyId: string;
  /** The deployment's: a repeated session leaves others behind. */
  readonly allowedAudiences: readonly string[];
  readonly metadata: ClientMetadata;
  /** Who asks, for the revoked table. */
  readonly by: string;
  /** How durable it has to be, if a superseded session's end will be waited for at every edge. */
  readonly fenced?: Durability | undefined;
  /** What stands on the device, as far as is known: if it is right, the script runs once. */
  readonly standing?: Standing | undefined;
}

/** Which session and token a device holds. */
export interface Standing {
  readonly sid: string;
  readonly jti: string;
}

const NONE: Durability = { replicas: 0, fsync: false };

const NOTHING: Standing = { sid: '', jti: '' };

export type IssueOutcome =
  | { readonly status: 'ISSUED' | 'SUPERSEDED' | 'REPEATED'; readonly grant: Grant }
  | { readonly status: 'EXISTS' | 'PROOF_REQUIRED' | 'DEVICE_LIMIT' | 'OTHER_REQUEST' }
  | { readonly status: 'AUTH_TIME_AHEAD' }
  | { readonly status: 'MOVED_ON'; readonly reason: RevocationReason }
  | { readonly status: 'KEY_REVOKED' };

/** What stands on a device, dead or alive. */
export async function readStanding(
  store: StoreContext,
  device: DeviceRef,
  deadline: Deadline,
): Promise<Standing> {
  const { active } = store.keyspace.place(device);
  const [sid, jti] = await store.runner.read(active, deadline, (node) =>
    node.hmget(active, FIELD.sid, FIELD.jti),
  );
  return sid && jti ? { sid, jti } : NOTHING;
}

/** Begins a session (lua/issue.lua), telling the script whom it supersedes until it agrees. */
export async function issue(
  store: StoreContext,
  plan: IssuePlan,
  deadline: Deadline,
): Promise<IssueOutcome> {
  const place = store.keyspace.place(plan.device);
  const { partition } = place;
  const user = store.keyspace.user(plan.device.tenantId, plan.device.userId);
  let expected = plan.standing ?? NOTHING;
  for (;;) {
    const keys = [
      place.active,
      user,
      partition.expiry,
      partition.revision,
      partition.watermarks,
      partition.feed,
      partition.channel,
      revokedKey(partition, expected.jti),
      revokedKey(partition, expected.sid),
    ];
    if (plan.requestId) keys.push(`${partition.prefix}request:${place.member}:${plan.requestId}`);
    const args: Argument[] = [
      place.member,
      plan.device.deviceId,
      expected.sid,
      expected.jti,
      plan.sessionId,
      plan.tokenId,
      plan.lifetimes.accessMs,
      plan.lifetimes.refreshMs,
      plan.lifetimes.sessionMs,
      plan.policy,
      plan.proof ? `${plan.proof.sessionId}:${plan.proof.generation}` : '',
      store.policy.skewMs,
      store.policy.feedMs,
      store.policy.maxDevices,
      tenantField(plan.device.tenantId),
      plan.by,
      plan.keyId,
      plan.fenced ? '1' : '0',
      plan.requestDigest,
      plan.allowedAudiences.join(' '),
      plan.staleKeyId,
      store.issuer.tag,
      plan.authTime ?? '',
      ...fields(store, plan),
    ];
    const run = {
      script: SCRIPTS.issue,
      keys,
      args,
      revision: partition.revision,
      effect: effectOf,
    };
    const reply = await runAs(store, run, plan.fenced, deadline);
    if (reply[0] === 'CONFLICT') expected = { sid: String(reply[1]), jti: String(reply[2]) };
    else if (!mayBeCrowded(store, reply)) return outcome(reply);
    else if ((await sweepUser(store, plan.device, deadline)) === 0) {
      return { status: 'DEVICE_LIMIT' };
    }
  }
}

/** Whether sessions that are dead, but stand there still, may have used up the user's devices. */
function mayBeCrowded({ issuer }: StoreContext, [status]: Reply): boolean {
  return status === 'CROWDED' || (status === 'DEVICE_LIMIT' && issuer.hasChanged);
}

async function runAs(
  { runner }: StoreContext,
  run: DurableRun,
  durability: Durability | undefined,
  deadline: Deadline,
): Promise<Reply> {
  const { replies } = await runner.runDurably([run], durability ?? NONE, deadline);
  return replies[0] ?? [];
}

function effectOf(reply: Reply) {
  const found = outcome(reply);
  if (!('grant' in found)) return undefined;
  return { changed: found.status !== 'REPEATED', revision: found.grant.revision };
}

function outcome(reply: Reply): IssueOutcome {
  const status = reply[0] as IssueOutcome['status'];
  switch (status) {
    case 'ISSUED':
    case 'SUPERSEDED':
    case 'REPEATED':
      return { status, grant: parseGrant(reply) };
    case 'MOVED_ON':
      return { status, reason: reply[1] as RevocationReason };
    default:
      return { status };
  }
}

function fields({ issuer }: StoreContext, plan: IssuePlan): string[] {
  const pairs = encodeClaims(plan);
  if (issuer.tag !== '') pairs.push(FIELD.iss, issuer.tag);
  const { metadata } = plan;
  if (Object.keys(metadata).length > 0) pairs.push(FIELD.meta, JSON.stringify(metadata));
  return pairs;
}
