import type { DeviceRef } from '@signum/token';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type FeedEvent, parseMessage } from '../../src/store/feed/event.ts';
import type { StorePolicy } from '../../src/store/scripts/context.ts';
import { FIELD } from '../../src/store/scripts/fields.ts';
import type { Grant } from '../../src/store/scripts/grant.ts';
import { type IssueOutcome, issue } from '../../src/store/sessions/issue.ts';
import { refresh } from '../../src/store/sessions/refresh.ts';
import { revokeDevice, revokeUser } from '../../src/store/sessions/revoke.ts';
import { listSessions } from '../../src/store/sessions/sessions.ts';
import { sweepPartition } from '../../src/store/sessions/sweep.ts';
import { validate } from '../../src/store/sessions/validate.ts';
import { raiseWatermark } from '../../src/store/sessions/watermark.ts';
import type { Store } from '../../src/store/store.ts';
import { planFor, soon } from '../setup/store.ts';

/** Opens a store on the Redis under test; again and again, on the same data. */
export type OpenStore = (policy?: Partial<StorePolicy>) => Promise<Store>;

const NOW_DURABLE = { replicas: 0, fsync: false };
const LOGOUT = { reason: 'LOGOUT', by: 'test', durability: NOW_DURABLE } as const;
/** What a store has to do on every topology. `open` is called once, before the first test. */
export function storeSuite(open: () => Promise<OpenStore>): void {
  let store: Store;
  let counter = 0;
  let openAnother: OpenStore;

  beforeAll(async () => {
    openAnother = await open();
    store = await openAnother();
  });
  afterAll(() => store?.close());

  function newDevice(deviceId = 'phone'): DeviceRef {
    counter += 1;
    return { tenantId: 'acme', userId: `user-${counter}`, deviceId };
  }

  function granted(outcome: IssueOutcome): Grant {
    if ('grant' in outcome) return outcome.grant;
    throw new Error(`not granted: ${outcome.status}`);
  }

  async function begin(device: DeviceRef, other = {}): Promise<Grant> {
    return granted(await issue(store, planFor(device, other), soon()));
  }

  async function statusOf(device: DeviceRef, tokenId: string): Promise<string> {
    const found = await validate(store, { ...device, tokenId }, soon());
    return found.status === 'REVOKED' ? found.reason : found.status;
  }

  function presented(device: DeviceRef, grant: Grant) {
    const { sessionId, tokenId, generation } = grant;
    const times = { issuedAtS: 0, expiresAtS: 0 };
    return { device, sessionId, tokenId, generation, confirmation: undefined, ...times };
  }

  async function exchange(device: DeviceRef, grant: Grant, tokenId: string) {
    return refresh(
      store,
      {
        ...{ presented: presented(device, grant), tokenId, keyId: 'key-1', staleKeyId: '' },
        ...{ allowedAudiences: ['api'], rate: undefined, by: 'user' },
      },
      soon(),
    );
  }

  function marks(kind: 'tenant' | 'key' | 'all', tenantId: string) {
    if (kind === 'all') return { mark: 'all', member: '::all' } as const;
    if (kind === 'tenant') return { mark: { tenantId }, member: `::t:${tenantId}` } as const;
    return { mark: { keyId: 'kid-key' }, member: '::k:kid-key' } as const;
  }

  test('a new session supersedes the one on the device, whose token is remembered as superseded', async () => {
    const device = newDevice();
    const first = await begin(device);
    const outcome = await issue(store, planFor(device), soon());
    expect(outcome.status).toBe('SUPERSEDED');
    expect(granted(outcome).supersededSessionId).toBe(first.sessionId);
    expect(await statusOf(device, first.tokenId)).toBe('SUPERSEDED');
    expect(await statusOf(device, granted(outcome).tokenId)).toBe('ACTIVE');
  });

  test('64 racing issues for one device leave exactly one active token', async () => {
    const device = newDevice();
    const grants = await Promise.all(Array.from({ length: 64 }, () => begin(device)));
    const statuses = await Promise.all(grants.map(({ tokenId }) => statusOf(device, tokenId)));
    expect(statuses.filter((status) => status === 'ACTIVE')).toHaveLength(1);
    expect(statuses.filter((status) => status === 'SUPERSEDED')).toHaveLength(63);
  });

  test('the same request id answers the same session again', async () => {
    const device = newDevice();
    const requestId = '0190a0a0-0000-7000-8000-000000000001';
    const first = await begin(device, { requestId });
    const again = await issue(store, planFor(device, { requestId }), soon());
    expect(again.status).toBe('REPEATED');
    expect(granted(again)).toMatchObject({ sessionId: first.sessionId, tokenId: first.tokenId });
    await begin(device);
    expect((await issue(store, planFor(device, { requestId }), soon())).status).toBe('MOVED_ON');
  });

  test('DENY_NEW keeps the live session, REQUIRE_PROOF wants its current refresh token', async () => {
    const device = newDevice();
    const first = await begin(device);
    expect((await issue(store, planFor(device, { policy: 'DENY_NEW' }), soon())).status).toBe(
      'EXISTS',
    );
    expect((await issue(store, planFor(device, { policy: 'REQUIRE_PROOF' }), soon())).status).toBe(
      'PROOF_REQUIRED',
    );
    const proof = { sessionId: first.sessionId, generation: 0 };
    expect(
      (await issue(store, planFor(device, { policy: 'REQUIRE_PROOF', proof }), soon())).status,
    ).toBe('SUPERSEDED');
  });

  test('a user holds no more sessions than allowed', async () => {
    const small = await openAnother({ maxDevices: 2 });
    try {
      const device = newDevice('a');
      await issue(small, planFor(device), soon());
      await issue(small, planFor({ ...device, deviceId: 'b' }), soon());
      expect((await issue(small, planFor({ ...device, deviceId: 'c' }), soon())).status).toBe(
        'DEVICE_LIMIT',
      );
      expect((await issue(small, planFor({ ...device, deviceId: 'b' }), soon())).status).toBe(
        'SUPERSEDED',
      );
    } finally {
      await small.close();
    }
  });

  test('what a watermark has ended does not count towards the sessions that a user may hold', async () => {
    const small = await openAnother({ maxDevices: 2 });
    onTestFinished(() => small.close());
    const device = { ...newDevice('a'), tenantId: 'crowded' };
    const on = (deviceId: string) => issue(small, planFor({ ...device, deviceId }), soon());
    const dead = [granted(await on('a')), granted(await on('b'))];
    await raiseWatermark(small, { tenantId: 'crowded' }, 'test', NOW_DURABLE, soon());
    const alive = granted(await on('c'));
    expect((await on('d')).status).toBe('ISSUED');
    expect((await on('e')).status).toBe('DEVICE_LIMIT');
    expect(await statusOf({ ...device, deviceId: 'c' }, alive.tokenId)).toBe('ACTIVE');
    for (const [i, { tokenId }] of dead.entries()) {
      expect(await statusOf({ ...device, deviceId: ['a', 'b'][i] as string }, tokenId)).toBe(
        'TENANT',
      );
    }
  });

  test('nor does what is over and has not been swept yet', async () => {
    const small = await openAnother({ maxDevices: 1 });
    onTestFinished(() => small.close());
    const device = newDevice('a');
    await issue(small, planFor(device), soon());
    await store.client.zadd(store.keyspace.user('acme', device.userId), 1, 'a');
    const other = { ...device, deviceId: 'b' };
    expect((await issue(small, planFor(other), soon())).status).toBe('ISSUED');
    const third = { ...device, deviceId: 'c' };
    expect((await issue(small, planFor(third), soon())).status).toBe('DEVICE_LIMIT');
  });

  test('a refresh that leads to nothing is not counted against the rate of its user', async () => {
    const device = newDevice();
    const rate = { perSecond: 1 / 3600, burst: 1 };
    const grant = await begin(device);
    const plan = {
      ...{ presented: presented(device, grant), keyId: 'key-1', staleKeyId: '' },
      ...{ allowedAudiences: ['api'], rate, by: 'user' },
    };
    const again = (tokenId: string) => refresh(store, { ...plan, tokenId }, soon());
    const gone = { ...plan.presented, sessionId: '0190a0a0-0000-7000-8000-00000000dead' };
    for (let i = 0; i < 3; i++) {
      const outcome = await refresh(store, { ...plan, presented: gone, tokenId: 'no' }, soon());
      expect(outcome.status).toBe('NOT_FOUND');
    }
    expect((await again('second')).status).toBe('ROTATED');
    const refused = await again('third');
    if (refused.status !== 'RATE_LIMITED') throw new Error(refused.status);
    expect(refused.waitMs).toBeGreaterThan(0);
    expect(await statusOf(device, 'second')).toBe('ACTIVE');
  });

  test('a refresh rotates once, is replayed within the grace window, and its old token is dead', async () => {
    const device = newDevice();
    const first = await begin(device);
    const rotated = await exchange(device, first, 'token-2');
    const replayed = await exchange(device, first, 'token-3');
    expect(rotated.status).toBe('ROTATED');
    expect(replayed).toMatchObject({
      status: 'REPLAYED',
      grant: { tokenId: 'token-2', generation: 1 },
    });
    expect(await statusOf(device, first.tokenId)).toBe('ROTATED');
    expect(await statusOf(device, 'token-2')).toBe('ACTIVE');
  });

  test('the grace window is that of the rotation or that of now, whichever is shorter', async () => {
    const generous = await openAnother({ graceMs: 300_000 });
    const strict = await openAnother({ graceMs: 0 });
    onTestFinished(async () => {
      await generous.close();
      await strict.close();
    });
    const on = (each: Store, device: DeviceRef, grant: Grant, tokenId: string) =>
      refresh(
        each,
        {
          ...{ presented: presented(device, grant), tokenId, keyId: 'key-1', staleKeyId: '' },
          ...{ allowedAudiences: ['api'], rate: undefined, by: 'user' },
        },
        soon(),
      );
    const device = newDevice();
    const { active } = store.keyspace.place(device);
    const secondsLater = (seconds: number) => store.client.hincrby(active, FIELD.iat, -seconds);
    // Rotated without a window: a later one brings nothing back.
    const first = await begin(device);
    expect((await on(strict, device, first, 'second')).status).toBe('ROTATED');
    await secondsLater(2);
    expect((await on(generous, device, first, 'no')).status).toBe('REUSED');
    // Rotated with a window: one that is shorter by now ends it.
    const again = await begin(device);
    expect((await on(generous, device, again, 'third')).status).toBe('ROTATED');
    await secondsLater(200);
    expect((await on(generous, device, again, 'no')).status).toBe('REPLAYED');
    expect((await on(store, device, again, 'no')).status).toBe('REUSED');
    // As earlier versions stored it.
    const old = await begin(device);
    expect((await exchange(device, old, 'fourth')).status).toBe('ROTATED');
    await store.client.hset(active, FIELD.rot, 999);
    expect((await exchange(device, old, 'no')).status).toBe('REPLAYED');
  });

  test('100 racing refreshes of one token get one successor', async () => {
    const device = newDevice();
    const first = await begin(device);
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, i) => exchange(device, first, `race-${i}`)),
    );
    const successors = new Set(
      outcomes.map((outcome) => ('grant' in outcome ? outcome.grant.tokenId : outcome.status)),
    );
    expect(successors.size).toBe(1);
    expect(outcomes.filter(({ status }) => status === 'ROTATED')).toHaveLength(1);
  });

  test('an older generation ends the session of that device only', async () => {
    const device = newDevice();
    const other = { ...device, deviceId: 'tablet' };
    const bystander = await begin(other);
    const first = await begin(device);
    const second = await exchange(device, first, 'second');
    if (!('grant' in second)) throw new Error(second.status);
    await exchange(device, second.grant, 'third');
    expect((await exchange(device, first, 'thief')).status).toBe('REUSED');
    expect(await statusOf(device, 'third')).toBe('REFRESH_REUSE');
    expect(await exchange(device, second.grant, 'late')).toEqual({
      status: 'REVOKED',
      reason: 'REFRESH_REUSE',
    });
    expect(await statusOf(other, bystander.tokenId)).toBe('ACTIVE');
  });

  test('revoking is idempotent and guarded by the ids given', async () => {
    const device = newDevice();
    const grant = await begin(device);
    const miss = await revokeDevice(store, device, { tokenId: 'another' }, LOGOUT, soon());
    expect(miss.count).toBe(0);
    const hit = await revokeDevice(store, device, { sessionId: grant.sessionId }, LOGOUT, soon());
    expect(hit.count).toBe(1);
    expect(hit.revision).toBeGreaterThan(grant.revision);
    expect((await revokeDevice(store, device, {}, LOGOUT, soon())).count).toBe(0);
    expect(await statusOf(device, grant.tokenId)).toBe('LOGOUT');
    expect(await exchange(device, grant, 'late')).toEqual({ status: 'REVOKED', reason: 'LOGOUT' });
  });

  test('revoking a user ends all devices, or all but one', async () => {
    const { tenantId, userId } = newDevice();
    const devices = ['a', 'b', 'c'].map((deviceId) => ({ tenantId, userId, deviceId }));
    const grants = await Promise.all(devices.map((device) => begin(device)));
    const but = await revokeUser(store, { tenantId, userId, exceptDeviceId: 'b' }, LOGOUT, soon());
    expect(but.count).toBe(2);
    const list = await listSessions(
      store,
      { tenantId, userId },
      { afterDeviceId: '', limit: 10 },
      soon(),
    );
    expect(list.sessions.map(({ device }) => device.deviceId)).toEqual(['b']);
    expect((await revokeUser(store, { tenantId, userId }, LOGOUT, soon())).count).toBe(1);
    const statuses = await Promise.all(
      grants.map(({ tokenId }, i) => statusOf(devices[i] as DeviceRef, tokenId)),
    );
    expect(statuses).toEqual(['LOGOUT', 'LOGOUT', 'LOGOUT']);
  });

  test('a tenant watermark ends what began before it and nothing after', async () => {
    const device = { ...newDevice(), tenantId: 'doomed' };
    const before = await begin(device);
    const raised = await raiseWatermark(store, { tenantId: 'doomed' }, 'test', NOW_DURABLE, soon());
    expect(raised.partitions).toBe(4);
    expect(await statusOf(device, before.tokenId)).toBe('TENANT');
    expect(await exchange(device, before, 'late')).toEqual({ status: 'REVOKED', reason: 'TENANT' });
    const after = await begin(device);
    expect(after.supersededSessionId).toBeUndefined();
    expect(await statusOf(device, after.tokenId)).toBe('ACTIVE');
    expect(await statusOf(device, before.tokenId)).toBe('TENANT');
  });

  test('what a tenant-wide revocation has ended is not ended again for another reason', async () => {
    const device = { ...newDevice(), tenantId: 'gone' };
    const grant = await begin(device);
    await raiseWatermark(store, { tenantId: 'gone' }, 'test', NOW_DURABLE, soon());
    expect((await revokeDevice(store, device, {}, LOGOUT, soon())).count).toBe(0);
    expect(await statusOf(device, grant.tokenId)).toBe('TENANT');
  });

  test('a key watermark ends the tokens that the key signed, and a refresh goes on with another key', async () => {
    const device = newDevice();
    const grant = await begin(device, { keyId: 'stolen' });
    await raiseWatermark(store, { keyId: 'stolen' }, 'test', NOW_DURABLE, soon());
    expect(await statusOf(device, grant.tokenId)).toBe('KEY');
    expect((await exchange(device, grant, 'fresh')).status).toBe('ROTATED');
    expect(await statusOf(device, 'fresh')).toBe('ACTIVE');
  });

  test.each(['tenant', 'key', 'all'] as const)(
    'a %s watermark outlives what it ended, whatever the server that raises it is configured for',
    async (kind) => {
      const device = { ...newDevice(), tenantId: `outlived-${kind}` };
      const grant = await begin(device, { keyId: `kid-${kind}` });
      const { partition } = store.keyspace.place(device);
      const hasty = await openAnother({ longestLifeMs: 0, skewMs: 0, feedMs: 0 });
      onTestFinished(() => hasty.close());
      const { mark, member } = marks(kind, device.tenantId);
      await raiseWatermark(hasty, mark, 'test', NOW_DURABLE, soon());
      const score = await store.client.zscore(partition.expiry, member);
      expect(Number(score)).toBeGreaterThanOrEqual(grant.refreshExpiresAtMs);
      await sweepPartition(hasty, partition, 256, soon());
      expect(await statusOf(device, grant.tokenId)).toBe(kind === 'key' ? 'KEY' : 'TENANT');
      // So that it does not end what other tests begin.
      await store.client.zadd(partition.expiry, 1, member);
      await sweepPartition(hasty, partition, 256, soon());
      expect(await statusOf(device, grant.tokenId)).toBe('ACTIVE');
      for (const each of store.keyspace.partitions) {
        await store.client.zrem(each.expiry, member);
        await store.client.hdel(each.watermarks, member.slice(2));
      }
    },
  );

  test('a watermark that an earlier version dated by its settings is kept while a session lives', async () => {
    const device = { ...newDevice(), tenantId: 'dated' };
    const grant = await begin(device);
    const { partition } = store.keyspace.place(device);
    await store.client.hset(partition.watermarks, 't:dated', grant.revision);
    await store.client.zadd(partition.expiry, 1, ':t:dated');
    await sweepPartition(store, partition, 256, soon());
    expect(await statusOf(device, grant.tokenId)).toBe('TENANT');
    const score = await store.client.zscore(partition.expiry, '::t:dated');
    expect(Number(score)).toBeGreaterThanOrEqual(grant.refreshExpiresAtMs);
    expect(await store.client.zscore(partition.expiry, ':t:dated')).toBeNull();
  });

  test('a watermark is not forgotten by the end of an earlier one of the same tenant', async () => {
    const device = { ...newDevice(), tenantId: 'twice' };
    const { partition } = store.keyspace.place(device);
    await store.client.zadd(partition.expiry, 1, '::t:twice');
    const grant = await begin(device);
    // A server of an earlier version raises it meanwhile.
    await store.client.hset(partition.watermarks, 't:twice', grant.revision);
    await store.client.zadd(partition.expiry, Date.now() + 60_000, ':t:twice');
    await sweepPartition(store, partition, 256, soon());
    expect(await statusOf(device, grant.tokenId)).toBe('TENANT');
  });

  test('the feed keeps an event for as long as any server has ever asked for', async () => {
    const device = newDevice();
    const { partition } = store.keyspace.place(device);
    const { revision } = await begin(device);
    const hasty = await openAnother({ feedMs: 0, skewMs: 0 });
    onTestFinished(() => hasty.close());
    await revokeDevice(hasty, device, {}, LOGOUT, soon());
    await sweepPartition(hasty, partition, 256, soon());
    const feed = await store.client.xrevrange(partition.feed, '+', '-', 'COUNT', 2);
    expect(eventsIn(feed).map((event) => event.revision)).toEqual([revision + 1, revision]);
  });

  test('the sweeper moves what is over to the revoked table, once, however many sweep', async () => {
    const device = newDevice();
    const lifetimes = { accessMs: 1000, refreshMs: 1000, sessionMs: 1000 };
    const grant = await begin(device, { lifetimes });
    await expect.poll(() => statusOf(device, grant.tokenId), { timeout: 10_000 }).toBe('EXPIRED');
    const { partition, active } = store.keyspace.place(device);
    const sweeps = await Promise.all(
      Array.from({ length: 8 }, () => sweepPartition(store, partition, 64, soon())),
    );
    expect(sweeps.reduce((sum, { swept }) => sum + swept, 0)).toBe(1);
    expect(await store.client.exists(active)).toBe(0);
    expect(await store.client.get(`${partition.prefix}revoked:${grant.tokenId}`)).toMatch(
      /^EXPIRED /,
    );
  });

  test('every refresh grants the spans of the first tokens again, and none past the end of the session', async () => {
    const device = newDevice();
    const { active } = store.keyspace.place(device);
    const spans = (outcome: Awaited<ReturnType<typeof exchange>>) => {
      if (!('grant' in outcome)) throw new Error(outcome.status);
      const { issuedAtMs, accessExpiresAtMs, refreshExpiresAtMs } = outcome.grant;
      return [accessExpiresAtMs - issuedAtMs, refreshExpiresAtMs - issuedAtMs];
    };
    let grant = await begin(device);
    for (const tokenId of ['second', 'third']) {
      const outcome = await exchange(device, grant, tokenId);
      expect(spans(outcome)).toEqual([60_000, 600_000]);
      if ('grant' in outcome) grant = outcome.grant;
    }
    const endS = grant.issuedAtMs / 1_000 + 30;
    await store.client.hset(active, FIELD.aexp, endS);
    for (const tokenId of ['last but one', 'last']) {
      const outcome = await exchange(device, grant, tokenId);
      if (!('grant' in outcome)) throw new Error(outcome.status);
      grant = outcome.grant;
      expect(grant.accessExpiresAtMs).toBe(endS * 1_000);
      expect(grant.refreshExpiresAtMs).toBe(endS * 1_000);
    }
  });

  test('a session that vanished before it was swept leaves nothing in the indexes', async () => {
    const device = newDevice();
    await begin(device);
    const { active, partition, member } = store.keyspace.place(device);
    await store.client.del(active);
    await store.client.zadd(partition.expiry, 1, member);
    expect((await sweepPartition(store, partition, 64, soon())).pruned).toBe(1);
    expect(await store.client.zscore(partition.expiry, member)).toBeNull();
    expect(await store.client.exists(store.keyspace.user('acme', device.userId))).toBe(0);
  });

  test('each change has its own revision, without a gap, and stands in the feed', async () => {
    const device = newDevice();
    const { partition } = store.keyspace.place(device);
    const before = Number(await store.client.get(partition.revision));
    const grant = await begin(device);
    await exchange(device, grant, 'rotated');
    await revokeDevice(store, device, {}, LOGOUT, soon());
    const feed = await store.client.xrevrange(partition.feed, '+', '-', 'COUNT', 3);
    expect(eventsIn(feed.reverse())).toMatchObject([
      { revision: before + 1, kind: 'ISSUE' },
      { revision: before + 2, kind: 'REFRESH' },
      { revision: before + 3, kind: 'REVOKE' },
    ]);
  });
}

/** What entries of a feed tell. */
function eventsIn(entries: readonly (readonly [string, readonly string[]])[]): FeedEvent[] {
  return entries.map(([id, [, text]]) => parseMessage(`${id} ${text}`) as FeedEvent);
}
