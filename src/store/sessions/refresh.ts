import type { RefreshClaims } from '@signum/token';
import type { Deadline } from '../../domain/call.ts';
import type { RevocationReason } from '../../domain/session.ts';
import type { StoreContext } from '../scripts/context.ts';
import { type Grant, parseGrant } from '../scripts/grant.ts';
import { revokedKey, tenantField } from '../scripts/keys.ts';
import { type Reply, SCRIPTS } from '../scripts/script.ts';
import { type Rate, rateArgs, rateKey, userSubject } from './rate-limit.ts';

export interface RefreshPlan {
  readonly presented: RefreshClaims;
  readonly tokenId: string;
  readonly keyId: string;
  /** A key that signs no more: a replayed session that still has it gets another token. */
  readonly staleKeyId: string;
  /** The deployment's: the session leaves others behind. */
  readonly allowedAudiences: readonly string[];
  /** Of the user; a refresh that leads to nothing does not count. */
  readonly rate: Rate | undefined;
  readonly by: string;
}

export type RefreshOutcome =
  | { readonly status: 'ROTATED' | 'REPLAYED'; readonly grant: Grant }
  | { readonly status: 'REVOKED'; readonly reason: RevocationReason }
  | { readonly status: 'REUSED'; readonly revision: number }
  | { readonly status: 'NOT_FOUND' | 'EXPIRED' }
  | { readonly status: 'RATE_LIMITED'; readonly waitMs: number }
  | { readonly status: 'KEY_REVOKED' };

/** Exchanges a refresh token (lua/refresh.lua). */
export async function refresh(
  store: StoreContext,
  plan: RefreshPlan,
  deadline: Deadline,
): Promise<RefreshOutcome> {
  const { device, sessionId, generation, tokenId } = plan.presented;
  const place = store.keyspace.place(device);
  const { partition } = place;
  const { tenantId, userId } = device;
  const user = store.keyspace.user(tenantId, userId);
  let expectedTokenId = tokenId;
  for (;;) {
    const keys = [
      place.active,
      user,
      partition.expiry,
      partition.revision,
      partition.watermarks,
      partition.feed,
      partition.channel,
      revokedKey(partition, expectedTokenId),
      revokedKey(partition, sessionId),
    ];
    if (plan.rate) keys.push(rateKey(store.keyspace, 'user', userSubject(tenantId, userId)));
    const args = [
      place.member,
      device.deviceId,
      sessionId,
      generation,
      expectedTokenId,
      plan.tokenId,
      plan.keyId,
      store.policy.graceMs,
      store.policy.skewMs,
      store.policy.feedMs,
      tenantField(device.tenantId),
      plan.by,
      plan.allowedAudiences.join(' '),
      plan.staleKeyId,
      ...(plan.rate ? rateArgs(plan.rate) : [0, 0]),
    ];
    const reply = await store.runner.run(SCRIPTS.refresh, keys, args, deadline);
    if (reply[0] !== 'CONFLICT') return outcome(reply);
    expectedTokenId = String(reply[1]);
  }
}

function outcome(reply: Reply): RefreshOutcome {
  const status = reply[0] as RefreshOutcome['status'];
  switch (status) {
    case 'ROTATED':
    case 'REPLAYED':
      return { status, grant: parseGrant(reply) };
    case 'REVOKED':
      return { status, reason: reply[1] as RevocationReason };
    case 'RATE_LIMITED':
      return { status, waitMs: Number(reply[1]) };
    case 'REUSED':
      return { status, revision: Number(reply[1]) };
    default:
      return { status };
  }
}
