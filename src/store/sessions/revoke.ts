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
  /** A genuine token of the session. It ends even if nothing is known of it. */
  readonly shown?: ShownToken | undefined;
}

/** A token whose signature is right, or the access token beside such a refresh token. */
export interface ShownToken {
  /** The access token's: most likely the one that the session has, which is not looked up first then. */
  readonly tokenId: string;
  readonly issuedAtS: number;
  readonly expiresAtS: number;
  /** Of a refresh token; absent of an access token. */
  readonly generation?: number | undefined;
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
    const shown = shownBy(store, device, guard);
    const outcome = await attempt(store, device, { targets, shown }, revocation, deadline);
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
    const what = { targets: found, devices: devices.length };
    const outcome = await attempt(store, who, what, revocation, deadline);
    if (outcome) return outcome;
  }
}

function isMeant({ sid, jti }: Target, { sessionId = sid, tokenId = jti }: SessionGuard): boolean {
  return sid === sessionId && jti === tokenId;
}

function guess(
  store: StoreContext,
  device: DeviceRef,
  { sessionId: sid, shown }: SessionGuard,
): Target | undefined {
  if (!sid || !shown) return undefined;
  const { tokenId: jti } = shown;
  return { place: store.keyspace.place(device), deviceId: device.deviceId, sid, jti };
}

/** What the script is given of a token that was shown. */
interface Shown {
  readonly tokenId: string;
  readonly sessionId: string;
  readonly member: string;
  /** When it was issued and when it expires, and its generation. */
  readonly terms: readonly Argument[];
}

const NOTHING_SHOWN: Shown = { tokenId: '', sessionId: '', member: '', terms: [0, 0, ''] };

function shownBy(store: StoreContext, device: DeviceRef, guard: SessionGuard): Shown {
  const { sessionId = '', shown } = guard;
  if (shown === undefined) return NOTHING_SHOWN;
  const { tokenId, issuedAtS, expiresAtS, generation = '' } = shown;
  const { member } = store.keyspace.place(device);
  return { tokenId, sessionId, member, terms: [issuedAtS * 1000, expiresAtS * 1000, generation] };
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

interface Attempted {
  readonly targets: readonly Target[];
  /** How many devices the user is expected to hold in all; default: it does not matter. */
  readonly devices?: number;
  readonly shown?: Shown;
}

/** One run of lua/revoke.lua; undefined if the sessions have moved on since they were read. */
async function attempt(
  store: StoreContext,
  { tenantId, userId }: Owner,
  { targets, devices = -1, shown = NOTHING_SHOWN }: Attempted,
  revocation: Revocation,
  deadline: Deadline,
): Promise<RevokeOutcome | undefined> {
  const partition = store.keyspace.partition(tenantId, userId);
  const { expiry, revision, feed, watermarks, channel } = partition;
  const keys = [store.keyspace.user(tenantId, userId), expiry, revision, feed, watermarks, channel];
  keys.push(revokedKey(partition, shown.tokenId));
  keys.push(revokedKey(partition, `${shown.tokenId}:${shown.member}`));
  keys.push(revokedKey(partition, shown.sessionId));
  const { skewMs, feedMs } = store.policy;
  const args: Argument[] = [
    revocation.reason,
    revocation.by,
    skewMs,
    feedMs,
    devices,
    tenantField(tenantId),
    revocation.awaited ? '1' : '0',
    ...[shown.tokenId, shown.sessionId, shown.member, ...shown.terms],
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
  return outcome && { changed: Number(reply[3]) > 0, revision: outcome.revision };
}
