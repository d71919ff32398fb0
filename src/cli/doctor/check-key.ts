import type { Redis } from 'ioredis';
import { decodeInstant } from '../../store/scripts/claims.ts';
import { FIELD } from '../../store/scripts/fields.ts';
import { decodeId, decodeMember, FEED_WINDOW, type Keyspace } from '../../store/scripts/keys.ts';
import { rateKey } from '../../store/sessions/rate-limit.ts';
import type { Fault } from './faults.ts';
import { type ParsedKey, parseKey } from './key-kinds.ts';

/** What keys are held against. */
export interface KeyRules {
  readonly keyspace: Keyspace;
  /** The longest that a revoked entry may live, in milliseconds. */
  readonly revokedMaxMs: number;
  /** For how long a feed keeps an event, in milliseconds; its own window counts if it is longer. */
  readonly feedMaxMs: number;
  /** Redis' clock, in milliseconds since the epoch. */
  readonly nowMs: number;
}

type FaultName = Fault['fault'];
type Check = (node: Redis, parsed: ParsedKey, rules: KeyRules) => Promise<Fault[]>;

const REVOKED = /^(LOGOUT|SUPERSEDED|ROTATED|REFRESH_REUSE|ADMIN|EXPIRED|TENANT|KEY) \d+ \d+ /;
/** Trimming goes by whole blocks of a stream, at a sweep. */
const FEED_SLACK_MS = 3_600_000;
/** A device index holds at most SIGNUM_MAX_DEVICES members, which is 1,000 at most. */
const DEVICES_LAST = '999';

/** What else is looked at, by kind. Kinds that are absent hold nothing to cross-check. */
const CHECKS: Readonly<Record<string, Check>> = {
  active: checkSession,
  user: checkUserIndex,
  revoked: checkRevoked,
  watermarks: checkWatermarks,
  feed: checkFeed,
};

/** Everything that is wrong with one key. A key that vanished since it was listed has no fault. */
export async function checkKey(node: Redis, key: string, rules: KeyRules): Promise<Fault[]> {
  const parsed = parseKey(key);
  if (!parsed) return [{ fault: 'unknownKind', where: key }];
  const [type, ttlMs] = await Promise.all([node.type(key), node.pttl(key)]);
  if (type === 'none' || ttlMs === -2) return [];
  if (type !== parsed.kind.type) return [{ fault: 'wrongType', where: key }];
  const faults: FaultName[] = [];
  if (ttlMs === -1 && !parsed.kind.lasting) faults.push('noTtl');
  if (!inItsPartition(parsed, rules.keyspace)) faults.push('wrongPartition');
  const further = await CHECKS[parsed.kind.name]?.(node, parsed, rules);
  return [...faults.map((fault) => ({ fault, where: key })), ...(further ?? [])];
}

function inItsPartition({ key, kind, partition, rest }: ParsedKey, keyspace: Keyspace): boolean {
  if (partition === undefined) return true;
  if (partition >= keyspace.partitions.length) return false;
  const [tenant = '', user = ''] = rest.split(':').map(decodeId);
  if (kind.name === 'rate') return key === rateKey(keyspace, tenant, user);
  // A request belongs to its user as well; its fourth id only tells it apart.
  const owned = ['active', 'user', 'request'].includes(kind.name);
  return !owned || key.startsWith(keyspace.partition(tenant, user).prefix);
}

async function checkSession(node: Redis, { key, rest }: ParsedKey, { keyspace }: KeyRules) {
  const device = decodeMember(rest);
  if (!device) return [{ fault: 'brokenSession', where: key } as const];
  const { partition } = keyspace.place(device);
  const [[sid, jti, expiresAt], inUser, inExpiry] = await Promise.all([
    node.hmget(key, FIELD.sid, FIELD.jti, FIELD.rexp),
    node.zscore(keyspace.user(device.tenantId, device.userId), device.deviceId),
    node.zscore(partition.expiry, rest),
  ]);
  const names: FaultName[] = [];
  if (!sid || !jti || !/^\d{10}$/.test(expiresAt ?? '')) names.push('brokenSession');
  if (inUser === null) names.push('notInUserIndex');
  if (inExpiry === null) names.push('notInExpiryIndex');
  const scores = [inUser, inExpiry].filter((score) => score !== null);
  if (scores.some((score) => Number(score) !== decodeInstant(expiresAt)))
    names.push('expiryDiffers');
  return names.map((fault) => ({ fault, where: key }));
}

async function checkUserIndex(node: Redis, { key, rest }: ParsedKey, { keyspace }: KeyRules) {
  const [tenantId = '', userId = ''] = rest.split(':').map(decodeId);
  const devices = await node.zrange(key, 0, DEVICES_LAST);
  const found = await Promise.all(
    devices.map(async (deviceId) => {
      const { active } = keyspace.place({ tenantId, userId, deviceId });
      return (await node.exists(active)) === 1 ? [] : [deviceId];
    }),
  );
  return found
    .flat()
    .map((deviceId) => ({ fault: 'danglingInUserIndex', where: `${key} ${deviceId}` }) as const);
}

async function checkRevoked(node: Redis, { key }: ParsedKey, { revokedMaxMs }: KeyRules) {
  const [value, ttlMs] = await Promise.all([node.get(key), node.pttl(key)]);
  const names: FaultName[] = [];
  if (value !== null && !REVOKED.test(value)) names.push('brokenRevocation');
  if (ttlMs > revokedMaxMs) names.push('revocationTooLong');
  return names.map((fault) => ({ fault, where: key }));
}

async function checkWatermarks(node: Redis, { key, partition }: ParsedKey, { keyspace }: KeyRules) {
  const expiry = keyspace.partitions[partition ?? 0]?.expiry ?? '';
  const marks = Object.keys(await node.hgetall(key)).filter((field) => field !== FEED_WINDOW);
  const found = await Promise.all(
    marks.map(async (field) => {
      const members = [`::${field}`, `:${field}`];
      const ends = await Promise.all(members.map((member) => node.zscore(expiry, member)));
      return ends.every((end) => end === null) ? [field] : [];
    }),
  );
  return found
    .flat()
    .map((field) => ({ fault: 'markNeverForgotten', where: `${key} ${field}` }) as const);
}

async function checkFeed(node: Redis, { key, partition }: ParsedKey, rules: KeyRules) {
  const { keyspace, nowMs, feedMaxMs } = rules;
  const watermarks = keyspace.partitions[partition ?? 0]?.watermarks ?? '';
  const [[oldest], raisedMs] = await Promise.all([
    node.xrange(key, '-', '+', 'COUNT', 1),
    node.hget(watermarks, FEED_WINDOW),
  ]);
  const atMs = Number(oldest?.[0].split('-')[0] ?? nowMs);
  const maxMs = Math.max(feedMaxMs, Number(raisedMs ?? 0)) + FEED_SLACK_MS;
  return nowMs - atMs > maxMs ? [{ fault: 'untrimmed', where: key } as const] : [];
}
