import type { DeviceRef } from '@signum/token';
import { expect, onTestFinished, test } from 'vitest';
import { revokeDevice, revokeUser } from '../../src/store/sessions/revoke.ts';
import { listSessions } from '../../src/store/sessions/sessions.ts';
import { sweepPartition } from '../../src/store/sessions/sweep.ts';
import { raiseWatermark } from '../../src/store/sessions/watermark.ts';
import { soon } from '../setup/store.ts';
import { LOGOUT, NOW_DURABLE, type StoreSubject } from './store-subject.ts';

/** How sessions are ended: one by one, of a user, of a tenant, by key. */
export function endsSuite(subject: StoreSubject): void {
  const { newDevice, begin, statusOf, exchange, openAnother } = subject;

  test('revoking is idempotent and guarded by the ids given', async () => {
    const device = newDevice();
    const grant = await begin(device);
    const miss = await revokeDevice(subject.store, device, { tokenId: 'another' }, LOGOUT, soon());
    expect(miss.count).toBe(0);
    const hit = await revokeDevice(
      subject.store,
      device,
      { sessionId: grant.sessionId },
      LOGOUT,
      soon(),
    );
    expect(hit.count).toBe(1);
    expect(hit.revision).toBeGreaterThan(grant.revision);
    expect((await revokeDevice(subject.store, device, {}, LOGOUT, soon())).count).toBe(0);
    expect(await statusOf(device, grant.tokenId)).toBe('LOGOUT');
    expect(await exchange(device, grant, 'late')).toEqual({ status: 'REVOKED', reason: 'LOGOUT' });
  });

  test('revoking a user ends all devices, or all but one', async () => {
    const { tenantId, userId } = newDevice();
    const devices = ['a', 'b', 'c'].map((deviceId) => ({ tenantId, userId, deviceId }));
    const grants = await Promise.all(devices.map((device) => begin(device)));
    const but = await revokeUser(
      subject.store,
      { tenantId, userId, exceptDeviceId: 'b' },
      LOGOUT,
      soon(),
    );
    expect(but.count).toBe(2);
    const list = await listSessions(
      subject.store,
      { tenantId, userId },
      { afterDeviceId: '', limit: 10 },
      soon(),
    );
    expect(list.sessions.map(({ device }) => device.deviceId)).toEqual(['b']);
    expect((await revokeUser(subject.store, { tenantId, userId }, LOGOUT, soon())).count).toBe(1);
    const statuses = await Promise.all(
      grants.map(({ tokenId }, i) => statusOf(devices[i] as DeviceRef, tokenId)),
    );
    expect(statuses).toEqual(['LOGOUT', 'LOGOUT', 'LOGOUT']);
  });

  test('a tenant watermark ends what began before it and nothing after', async () => {
    const device = { ...newDevice(), tenantId: 'doomed' };
    const before = await begin(device);
    const raised = await raiseWatermark(
      subject.store,
      { tenantId: 'doomed' },
      'test',
      NOW_DURABLE,
      soon(),
    );
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
    await raiseWatermark(subject.store, { tenantId: 'gone' }, 'test', NOW_DURABLE, soon());
    expect((await revokeDevice(subject.store, device, {}, LOGOUT, soon())).count).toBe(0);
    expect(await statusOf(device, grant.tokenId)).toBe('TENANT');
  });

  test('a key watermark ends the tokens that the key signed, and a refresh goes on with another key', async () => {
    const device = newDevice();
    const grant = await begin(device, { keyId: 'stolen' });
    await raiseWatermark(subject.store, { keyId: 'stolen' }, 'test', NOW_DURABLE, soon());
    expect(await statusOf(device, grant.tokenId)).toBe('KEY');
    expect((await exchange(device, grant, 'fresh')).status).toBe('ROTATED');
    expect(await statusOf(device, 'fresh')).toBe('ACTIVE');
  });

  test.each(['tenant', 'key', 'all'] as const)(
    'a %s watermark outlives what it ended, whatever the server that raises it is configured for',
    async (kind) => {
      const device = { ...newDevice(), tenantId: `outlived-${kind}` };
      const grant = await begin(device, { keyId: `kid-${kind}` });
      const { partition } = subject.store.keyspace.place(device);
      const hasty = await openAnother({ longestLifeMs: 0, skewMs: 0, feedMs: 0 });
      onTestFinished(() => hasty.close());
      const { mark, member } = marks(kind, device.tenantId);
      await raiseWatermark(hasty, mark, 'test', NOW_DURABLE, soon());
      const score = await subject.store.client.zscore(partition.expiry, member);
      expect(Number(score)).toBeGreaterThanOrEqual(grant.refreshExpiresAtMs);
      await sweepPartition(hasty, partition, 256, soon());
      expect(await statusOf(device, grant.tokenId)).toBe(kind === 'key' ? 'KEY' : 'TENANT');
      // So that it does not end what other tests begin.
      await subject.store.client.zadd(partition.expiry, 1, member);
      await sweepPartition(hasty, partition, 256, soon());
      expect(await statusOf(device, grant.tokenId)).toBe('ACTIVE');
      for (const each of subject.store.keyspace.partitions) {
        await subject.store.client.zrem(each.expiry, member);
        await subject.store.client.hdel(each.watermarks, member.slice(2));
      }
    },
  );

  test('a watermark that an earlier version dated by its settings is kept while a session lives', async () => {
    const device = { ...newDevice(), tenantId: 'dated' };
    const grant = await begin(device);
    const { partition } = subject.store.keyspace.place(device);
    await subject.store.client.hset(partition.watermarks, 't:dated', grant.revision);
    await subject.store.client.zadd(partition.expiry, 1, ':t:dated');
    await sweepPartition(subject.store, partition, 256, soon());
    expect(await statusOf(device, grant.tokenId)).toBe('TENANT');
    const score = await subject.store.client.zscore(partition.expiry, '::t:dated');
    expect(Number(score)).toBeGreaterThanOrEqual(grant.refreshExpiresAtMs);
    expect(await subject.store.client.zscore(partition.expiry, ':t:dated')).toBeNull();
  });

  test('a watermark is not forgotten by the end of an earlier one of the same tenant', async () => {
    const device = { ...newDevice(), tenantId: 'twice' };
    const { partition } = subject.store.keyspace.place(device);
    await subject.store.client.zadd(partition.expiry, 1, '::t:twice');
    const grant = await begin(device);
    // A server of an earlier version raises it meanwhile.
    await subject.store.client.hset(partition.watermarks, 't:twice', grant.revision);
    await subject.store.client.zadd(partition.expiry, Date.now() + 60_000, ':t:twice');
    await sweepPartition(subject.store, partition, 256, soon());
    expect(await statusOf(device, grant.tokenId)).toBe('TENANT');
  });
}

function marks(kind: 'tenant' | 'key' | 'all', tenantId: string) {
  if (kind === 'all') return { mark: 'all', member: '::all' } as const;
  if (kind === 'tenant') return { mark: { tenantId }, member: `::t:${tenantId}` } as const;
  return { mark: { keyId: 'kid-key' }, member: '::k:kid-key' } as const;
}
