import type { DeviceRef } from '@signum/token';
import type { Deadline } from '../../domain/call.ts';
import type { ClientMetadata, Session } from '../../domain/session.ts';
import { decodeClaims, decodeInstant } from '../scripts/claims.ts';
import type { StoreContext } from '../scripts/context.ts';
import { type Place, tenantField } from '../scripts/keys.ts';
import { SCRIPTS } from '../scripts/script.ts';

export interface SessionList {
  readonly sessions: readonly Session[];
  readonly more: boolean;
  readonly total: number;
}

/** The live session of a device; undefined if there is none. */
export async function getSession(
  store: StoreContext,
  device: DeviceRef,
  deadline: Deadline,
): Promise<Session | undefined> {
  const { sessions } = await read(store, [device], { before: 0, limit: 1 }, deadline);
  return sessions[0];
}

/** The live session that a token is of; undefined if it has ended. */
export async function sessionOf(
  store: StoreContext,
  { device, sessionId }: { readonly device: DeviceRef; readonly sessionId: string },
  deadline: Deadline,
): Promise<Session | undefined> {
  const session = await getSession(store, device, deadline);
  return session?.sessionId === sessionId ? session : undefined;
}

/**
 * A user's live sessions by device id in byte order: a page of at most `limit` after a device. Who is
 * there from the first page to the last is on exactly one of them.
 */
export async function listSessions(
  store: StoreContext,
  { tenantId, userId }: { readonly tenantId: string; readonly userId: string },
  page: { readonly afterDeviceId: string; readonly limit: number },
  deadline: Deadline,
): Promise<SessionList> {
  const index = store.keyspace.user(tenantId, userId);
  const deviceIds = await store.runner.read(
    index,
    deadline,
    (node) => node.zrange(index, 0, '-1'),
    'list',
  );
  if (deviceIds.length === 0) return { sessions: [], more: false, total: 0 };
  const inOrder = deviceIds.map((id) => ({ id, bytes: Buffer.from(id) })).sort(byBytes);
  const after = { bytes: Buffer.from(page.afterDeviceId) };
  const before = inOrder.filter((device) => byBytes(device, after) <= 0).length;
  const devices = inOrder.map(({ id }) => ({ tenantId, userId, deviceId: id }));
  return read(store, devices, { before, limit: page.limit }, deadline);
}

/** One run of lua/list.lua over devices of one user. */
async function read(
  store: StoreContext,
  devices: readonly DeviceRef[],
  { before, limit }: { readonly before: number; readonly limit: number },
  deadline: Deadline,
): Promise<SessionList> {
  const places = devices.map((device) => store.keyspace.place(device));
  const { tenantId } = devices[0] as DeviceRef;
  const { watermarks } = (places[0] as Place).partition;
  const keys = [watermarks, ...places.map(({ active }) => active)];
  const args = [tenantField(tenantId), before, limit, store.issuer.tag];
  const reply = await store.runner.run(SCRIPTS.list, keys, args, deadline);
  const [, total, more, ...found] = reply;
  const sessions: Session[] = [];
  for (let i = 0; i < found.length; i += 2) {
    const device = devices[Number(found[i])] as DeviceRef;
    sessions.push(parse(device, found[i + 1] as Value[]));
  }
  return { sessions, more: more === 1, total: Number(total) };
}

interface Bytes {
  readonly bytes: Buffer;
}

function byBytes(a: Bytes, b: Bytes): number {
  return Buffer.compare(a.bytes, b.bytes);
}

type Value = string | null;

/** In the order of lua/list.lua. */
function parse(device: DeviceRef, hash: readonly Value[]): Session {
  const [sid, jti, kid, gen, rev, cat, iat, exp, rexp, aexp, meta] = hash;
  return {
    device: { tenantId: device.tenantId, userId: device.userId, deviceId: device.deviceId },
    sessionId: sid as string,
    tokenId: jti as string,
    keyId: kid as string,
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
