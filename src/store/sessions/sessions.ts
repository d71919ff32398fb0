import type { DeviceRef } from '@signum/token';
import type { Deadline } from '../../domain/call.ts';
import type { ClientMetadata, Session } from '../../domain/session.ts';
import { decodeClaims } from '../scripts/claims.ts';
import type { StoreContext } from '../scripts/context.ts';
import { CLAIM_FIELDS, FIELD } from '../scripts/fields.ts';
import { decodeInstant } from '../scripts/grant.ts';
import { tenantField } from '../scripts/keys.ts';
import { FIELD_OF_ALL } from './watermark.ts';

export interface SessionList {
  readonly sessions: readonly Session[];
  readonly more: boolean;
  readonly total: number;
}

const FIELDS = [
  FIELD.sid,
  FIELD.jti,
  FIELD.kid,
  FIELD.gen,
  FIELD.rev,
  FIELD.cat,
  FIELD.iat,
  FIELD.exp,
  FIELD.rexp,
  FIELD.aexp,
  FIELD.meta,
  ...CLAIM_FIELDS,
];

/** The live session of a device; undefined if there is none. */
export async function getSession(
  store: StoreContext,
  device: DeviceRef,
  deadline: Deadline,
): Promise<Session | undefined> {
  const { active, partition } = store.keyspace.place(device);
  const { watermarks } = partition;
  const { runner } = store;
  const [hash, marks, time] = await Promise.all([
    runner.read(active, deadline, (node) => node.hmget(active, ...FIELDS)),
    runner.read(watermarks, deadline, (node) =>
      node.hmget(watermarks, tenantField(device.tenantId), FIELD_OF_ALL),
    ),
    runner.read(active, deadline, (node) => node.time()),
  ]);
  const session = parse(device, hash);
  const nowMs = Number(time[0]) * 1000;
  const mark = Math.max(...marks.map((each) => Number(each ?? 0)));
  const live = session && session.refreshExpiresAtMs > nowMs && session.revision > mark;
  return live ? session : undefined;
}

/** A user's live sessions by device id in byte order: a page of at most `limit` after a device. */
export async function listSessions(
  store: StoreContext,
  user: { readonly tenantId: string; readonly userId: string },
  page: { readonly afterDeviceId: string; readonly limit: number },
  deadline: Deadline,
): Promise<SessionList> {
  const index = store.keyspace.user(user.tenantId, user.userId);
  const devices = await store.runner.read(index, deadline, (node) => node.zrange(index, 0, '-1'));
  const sessions = await Promise.all(
    devices.map((deviceId) =>
      getSession(store, { tenantId: user.tenantId, userId: user.userId, deviceId }, deadline),
    ),
  );
  const live = sessions.filter((session) => session !== undefined).sort(byDevice);
  const after = Buffer.from(page.afterDeviceId);
  const rest = live.filter(({ device }) => Buffer.compare(Buffer.from(device.deviceId), after) > 0);
  return {
    sessions: rest.slice(0, page.limit),
    more: rest.length > page.limit,
    total: live.length,
  };
}

function byDevice(a: Session, b: Session): number {
  return Buffer.compare(Buffer.from(a.device.deviceId), Buffer.from(b.device.deviceId));
}

function parse(device: DeviceRef, hash: (string | null)[]): Session | undefined {
  const [sid, jti, kid, gen, rev, cat, iat, exp, rexp, aexp, meta] = hash;
  if (!sid || !jti || !kid) return undefined;
  return {
    device: { tenantId: device.tenantId, userId: device.userId, deviceId: device.deviceId },
    sessionId: sid,
    tokenId: jti,
    keyId: kid,
    generation: Number(gen),
    revision: Number(rev),
    createdAtMs: decodeInstant(cat),
    issuedAtMs: decodeInstant(iat),
    accessExpiresAtMs: decodeInstant(exp),
    refreshExpiresAtMs: decodeInstant(rexp),
    absoluteExpiresAtMs: decodeInstant(aexp),
    ...decodeClaims(hash, 11),
    metadata: meta ? (JSON.parse(meta) as ClientMetadata) : {},
  };
}
