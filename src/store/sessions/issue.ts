import type { DeviceRef } from '@signum/token';
import type { Deadline } from '../../domain/call.ts';
import type { Lifetimes } from '../../domain/lifetimes.ts';
import type { ClientMetadata, SessionClaims, SupersedePolicy } from '../../domain/session.ts';
import { encodeClaims } from '../scripts/claims.ts';
import type { StoreContext } from '../scripts/context.ts';
import { FIELD } from '../scripts/fields.ts';
import { type Grant, parseGrant } from '../scripts/grant.ts';
import { revokedKey, tenantField } from '../scripts/keys.ts';
import { type Argument, type Reply, SCRIPTS } from '../scripts/script.ts';

export interface IssuePlan extends SessionClaims {
  readonly device: DeviceRef;
  readonly sessionId: string;
  readonly tokenId: string;
  readonly keyId: string;
  readonly lifetimes: Lifetimes;
  readonly policy: SupersedePolicy;
  /** Session and generation of a presented refresh token. */
  readonly proof: { readonly sessionId: string; readonly generation: number } | undefined;
  readonly requestId: string | undefined;
  readonly metadata: ClientMetadata;
  /** Who asks, for the revoked table. */
  readonly by: string;
  /** Whether a superseded session's end will be waited for at every edge; default false. */
  readonly awaited?: boolean;
}

export type IssueOutcome =
  | { readonly status: 'ISSUED' | 'SUPERSEDED' | 'REPEATED'; readonly grant: Grant }
  | { readonly status: 'EXISTS' | 'PROOF_REQUIRED' | 'DEVICE_LIMIT' | 'MOVED_ON' }
  | { readonly status: 'KEY_REVOKED' };

/** Begins a session (lua/issue.lua), telling the script whom it supersedes until it agrees. */
export async function issue(
  store: StoreContext,
  plan: IssuePlan,
  deadline: Deadline,
): Promise<IssueOutcome> {
  const place = store.keyspace.place(plan.device);
  const { partition } = place;
  const user = store.keyspace.user(plan.device.tenantId, plan.device.userId);
  let expected = { sid: '', jti: '' };
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
      plan.awaited ? '1' : '0',
      ...fields(plan),
    ];
    const reply = await store.runner.run(SCRIPTS.issue, keys, args, deadline);
    if (reply[0] !== 'CONFLICT') return outcome(reply);
    expected = { sid: String(reply[1]), jti: String(reply[2]) };
  }
}

function outcome(reply: Reply): IssueOutcome {
  const status = reply[0] as IssueOutcome['status'];
  if (status === 'ISSUED' || status === 'SUPERSEDED' || status === 'REPEATED') {
    return { status, grant: parseGrant(reply) };
  }
  return { status };
}

function fields(plan: IssuePlan): string[] {
  const pairs = encodeClaims(plan);
  const { metadata } = plan;
  if (Object.keys(metadata).length > 0) pairs.push(FIELD.meta, JSON.stringify(metadata));
  return pairs;
}
