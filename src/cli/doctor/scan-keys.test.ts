import type { Redis } from 'ioredis';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { openTestStore, planFor, soon } from '../../../test/setup/store.ts';
import { FIELD } from '../../store/scripts/fields.ts';
import { issue } from '../../store/sessions/issue.ts';
import { revokeDevice } from '../../store/sessions/revoke.ts';
import { raiseWatermark } from '../../store/sessions/watermark.ts';
import type { Store } from '../../store/store.ts';
import type { KeyRules } from './check-key.ts';
import { FAULTS } from './faults.ts';
import { scanKeys } from './scan-keys.ts';

const PHONE = { tenantId: 'acme', userId: 'ada', deviceId: 'phone' };
const HOUR_MS = 3_600_000;
const NONE = { replicas: 0, fsync: false };

let store: Store;
let redis: Redis;

beforeEach(async () => {
  await store?.close();
  store = await openTestStore();
  redis = store.client as Redis;
  await issue(store, planFor(PHONE), soon());
});
afterAll(() => store.close());

async function examine(other: Partial<KeyRules> & { limit?: number } = {}) {
  const { limit = 10_000, ...rules } = other;
  const all = {
    keyspace: store.keyspace,
    revokedMaxMs: HOUR_MS,
    feedMaxMs: HOUR_MS,
    nowMs: Date.now(),
    ...rules,
  };
  return scanKeys([redis], all, { limit, onProgress: () => undefined, settleMs: 0 });
}

async function problems(other: Partial<KeyRules> = {}) {
  return (await examine(other)).findings.map(({ problem }) => problem);
}

test('a store that was only ever used is healthy', async () => {
  const tablet = { ...PHONE, userId: 'b:{o}*b', deviceId: 'tab:let' };
  await issue(store, planFor(PHONE, { requestId: 'r' }), soon());
  await issue(store, planFor(tablet), soon());
  await issue(store, planFor({ ...PHONE, deviceId: 'tv' }), soon());
  await revokeDevice(store, tablet, {}, { reason: 'LOGOUT', by: 'test', durability: NONE }, soon());
  await raiseWatermark(store, { tenantId: 'o:ther' }, 'test', NONE, soon());
  const { findings, facts } = await examine();
  expect(findings).toEqual([]);
  expect(facts.at(-1)).toContain('2 active');
});

test('a key without a time to live is found', async () => {
  const { active } = store.keyspace.place(PHONE);
  await redis.persist(active);
  const { findings } = await examine();
  expect(findings).toMatchObject([{ ...FAULTS.noTtl, count: 1, examples: [active] }]);
});

test('a key of an unknown kind, of a wrong type or in a wrong partition is found', async () => {
  await redis.set('signum:{0}:surprise', '1');
  await redis.set(store.keyspace.user('acme', 'bob'), '1');
  const right = store.keyspace.user('acme', 'ada');
  const wrong = right.replace(/\{(\d)\}/, (_, p) => `{${(Number(p) + 1) % 4}}`);
  await redis.set(wrong.replace(':user:', ':rate:'), '1', 'PX', 1_000_000);
  expect(new Set(await problems())).toEqual(
    new Set([FAULTS.unknownKind.problem, FAULTS.wrongType.problem, FAULTS.wrongPartition.problem]),
  );
});

test('a session that is missing from an index is found', async () => {
  const { partition, member } = store.keyspace.place(PHONE);
  await redis.zrem(store.keyspace.user('acme', 'ada'), 'phone');
  expect(await problems()).toEqual([FAULTS.notInUserIndex.problem]);
  await redis.zrem(partition.expiry, member);
  expect(await problems()).toContain(FAULTS.notInExpiryIndex.problem);
});

test('index members without a session are found', async () => {
  await redis.del(store.keyspace.place(PHONE).active);
  expect(new Set(await problems())).toEqual(
    new Set([FAULTS.danglingInUserIndex.problem, FAULTS.danglingInExpiryIndex.problem]),
  );
});

test('a broken session and an index that disagrees with it are found', async () => {
  const { active } = store.keyspace.place(PHONE);
  await redis.hdel(active, FIELD.jti);
  expect(await problems()).toEqual([FAULTS.brokenSession.problem]);
  const inFiveHours = Math.round(Date.now() / 1000) + 5 * 3600;
  await redis.hset(active, FIELD.jti, 'x', FIELD.rexp, inFiveHours);
  expect(await problems()).toEqual([FAULTS.expiryDiffers.problem]);
});

test('a revoked entry that says nothing or lives too long is found', async () => {
  await redis.set('signum:{1}:revoked:id', 'nonsense', 'PX', 2 * HOUR_MS);
  expect(new Set(await problems())).toEqual(
    new Set([FAULTS.brokenRevocation.problem, FAULTS.revocationTooLong.problem]),
  );
});

test('a store that no server sweeps is found', async () => {
  expect(new Set(await problems({ nowMs: Date.now() + 24 * HOUR_MS }))).toEqual(
    new Set([FAULTS.unswept.problem, FAULTS.untrimmed.problem]),
  );
});

test('a watermark that nothing will ever forget is found', async () => {
  await redis.hset(store.keyspace.partitions[0]?.watermarks ?? '', 't:acme', 1);
  expect(await problems()).toEqual([FAULTS.markNeverForgotten.problem]);
});

test('the walk ends at its limit and says that there is more', async () => {
  const { facts } = await examine({ limit: 2 });
  expect(facts[0]).toMatch(/^2 keys /);
  expect(facts[1]).toContain('--limit 2');
});
