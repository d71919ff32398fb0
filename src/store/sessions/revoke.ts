import type { DeviceRef } from '@signum/token';
import type { Deadline } from '../../domain/call.ts';
import type { Durability, DurabilityReached, RevocationReason } from '../../domain/session.ts';
import type { StoreContext } from '../scripts/context.ts';
import { FIELD } from '../scripts/fields.ts';
import { type Place, revokedKey, tenantField } from '../scripts/keys.ts';
import { type Argument, type Reply, SCRIPTS } from '../scripts/script.ts';

/** Why, by whom and how durably. */
export interface Revocation {
  readonly reason: RevocationReason;
  readonly by: string;
  readonly durability: Durability;
  /** Whether it will be waited for until every edge has applied it; default false. */
  readonly awaited?: boolean;
}

export interface RevokeOutcome {
  readonly count: number;
  readonly revision: number;
  readonly reached: DurabilityReached;
}

/** The ids that a device's session must have for it to be the one meant. */
export interface SessionGuard {
  readonly sessionId?: string | undefined;
  readonly tokenId?: string | undefined;
  /** The token that the session named by its id has, most likely: it is not looked up first then. */
  readonly likelyTokenId?: string | undefined;
}

type Owner = Pick<DeviceRef, 'tenantId' | 'userId'>;

interface Target {
  readonly place: Place;
  readonly deviceId: string;
  readonly sid: string;
  readonly jti: string;
}

/** Ends the session of one device if it is the one meant; nothing to end is no error. */
export async function revokeDevice(
  store: StoreContext,
  device: DeviceRef,
  guard: SessionGuard,
  revocation: Revocation,
  deadline: Deadline,
): Promise<RevokeOutcome> {
  let target = guess(store, device, guard);
  for (;;) {
    target ??= await find(store, device, deadline);
    const targets = target && isMeant(target, guard) ? [target] : [];
    const outcome = await attempt(store, device, targets, -1, revocation, deadline);
    if (outcome) return outcome;
    target = undefined;
  }
}

/** Ends all sessions of a user, or all but one device's, in one atomic step. */
export async function revokeUser(
  store: StoreContext,
  who: Owner & { readonly exceptDeviceId?: string | undefined },
  revocation: Revocation,
  deadline: Deadline,
): Promise<RevokeOutcome> {
  const user = store.keyspace.user(who.tenantId, who.userId);
  for (;;) {
    const devices = await store.runner.read(user, deadline, (node) => node.zrange(user, 0, '-1'));
    const chosen = devices.filter((deviceId) => deviceId !== who.exceptDeviceId);
    const targets = await Promise.all(
      chosen.map((deviceId) => find(store, { ...who, deviceId }, deadline)),
    );
    const found = targets.filter((target) => target !== undefined);
    const outcome = await attempt(store, who, found, devices.length, revocation, deadline);
    if (outcome) return outcome;
  }
}

function isMeant({ sid, jti }: Target, { sessionId = sid, tokenId = jti }: SessionGuard): boolean {
  return sid === sessionId && jti === tokenId;
}

function guess(
  store: StoreContext,
  device: DeviceRef,
  { sessionId: sid, likelyTokenId: jti }: SessionGuard,
): Target | undefined {
  if (!sid || !jti) return undefined;
  return { place: store.keyspace.place(device), deviceId: device.deviceId, sid, jti };
}

async function find(
  store: StoreContext,
  device: DeviceRef,
  deadline: Deadline,
): Promise<Target | undefined> {
  const place = store.keyspace.place(device);
  const [sid, jti] = await store.runner.read(place.active, deadline, (node) =>
    node.hmget(place.active, FIELD.sid, FIELD.jti),
  );
  return sid && jti ? { place, deviceId: device.deviceId, sid, jti } : undefined;
}

/** One run of lua/revoke.lua; undefined if the sessions have moved on since they were read. */
async function attempt(
  store: StoreContext,
  { tenantId, userId }: Owner,
  targets: readonly Target[],
  devices: number,
  revocation: Revocation,
  deadline: Deadline,
): Promise<RevokeOutcome | undefined> {
  const partition = store.keyspace.partition(tenantId, userId);
  const { expiry, revision, feed, watermarks, channel } = partition;
  const keys = [store.keyspace.user(tenantId, userId), expiry, revision, feed, watermarks, channel];
  const { skewMs, feedMs } = store.policy;
  const args: Argument[] = [
    revocation.reason,
    revocation.by,
    skewMs,
    feedMs,
    devices,
    tenantField(tenantId),
    revocation.awaited ? '1' : '0',
  ];
  for (const { place, deviceId, sid, jti } of targets) {
    keys.push(place.active, revokedKey(partition, jti), revokedKey(partition, sid));
    args.push(place.member, deviceId, sid, jti);
  }
  const { replies, reached } = await store.runner.runDurably(
    [{ script: SCRIPTS.revoke, keys, args, revision, effect: effectOf }],
    revocation.durability,
    deadline,
  );
  const outcome = read(replies[0] ?? []);
  return outcome && { ...outcome, reached };
}

function read([status, revision, count]: Reply): Omit<RevokeOutcome, 'reached'> | undefined {
  if (status === 'CONFLICT') return undefined;
  return { revision: Number(revision), count: Number(count) };
}

function effectOf(reply: Reply) {
  const outcome = read(reply);
  return outcome && { changed: outcome.count > 0, revision: outcome.revision };
}
