import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeviceRef } from '@signum/token';
import { expect, test } from 'vitest';
import { RedisNode } from '../../../test/setup/redis-node.ts';
import { ask } from '../../../test/setup/redis-sentinel.ts';
import { openTestStore, planFor, soon } from '../../../test/setup/store.ts';
import { until } from '../../../test/setup/until.ts';
import { issue } from '../../store/sessions/issue.ts';
import { refresh } from '../../store/sessions/refresh.ts';
import { revokeDevice } from '../../store/sessions/revoke.ts';
import { getSession } from '../../store/sessions/sessions.ts';
import { sweepPartition } from '../../store/sessions/sweep.ts';
import { validate } from '../../store/sessions/validate.ts';
import type { Store } from '../../store/store.ts';
import { doctorConfig } from '../doctor/doctor-config.ts';
import { guardStore } from './guard-store.ts';

const NONE = { replicas: 0, fsync: false };
const LOGOUT = { reason: 'LOGOUT', by: 'test', durability: NONE } as const;
// A tenant may have any name, that of the mark too.
const DEVICES = ['acme', 'all', '*', 't:all'].map((tenantId) => ({
  tenantId,
  userId: 'alice',
  deviceId: 'phone',
}));

async function begin(store: Store, device: DeviceRef) {
  const plan = planFor(device);
  expect((await issue(store, plan, soon())).status).toBe('ISSUED');
  return plan;
}

test('what was revoked after the backup is not accepted after the restore', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'signum-test-restore-'));
  const data = join(dir, 'data');
  const backup = join(dir, 'backup');
  const args = ['--appendonly', 'yes', '--appendfsync', 'always'];
  const redis = await RedisNode.start({ dir: data, args });
  const answers = () =>
    until('Redis answers', () => ask(redis.port, async (r) => (await r.ping()) === 'PONG'));
  await answers();
  const stores: Store[] = [];
  const open = async () => {
    const store = await openTestStore({}, redis.url);
    stores.push(store);
    return store;
  };
  try {
    const before = await open();
    const plans = await Promise.all(DEVICES.map((device) => begin(before, device)));
    const look = (store: Store) =>
      Promise.all(
        plans.map(async ({ device, tokenId }) => {
          const { status } = await validate(store, { ...device, tokenId }, soon());
          return status;
        }),
      );
    await redis.kill();
    cpSync(data, backup, { recursive: true });
    redis.start();
    await answers();

    const between = await open();
    for (const device of DEVICES) await revokeDevice(between, device, {}, LOGOUT, soon());
    expect(new Set(await look(between))).toEqual(new Set(['REVOKED']));
    await redis.kill();
    rmSync(data, { recursive: true });
    cpSync(backup, data, { recursive: true });
    redis.start();
    await answers();

    const after = await open();
    // Here is what the guard is for.
    expect(new Set(await look(after))).toEqual(new Set(['ACTIVE']));
    const config = doctorConfig({ SIGNUM_PARTITIONS: '4', SIGNUM_REDIS_URL: redis.url }, undefined);
    if (!config) throw new Error('no Redis is named');
    expect(await guardStore(config, NONE)).toMatchObject({ partitions: 4, reached: NONE });

    expect(new Set(await look(after))).toEqual(new Set(['REVOKED']));
    for (const { device, sessionId, tokenId } of plans) {
      const times = { issuedAtS: 0, expiresAtS: 0, confirmation: undefined };
      const presented = { device, sessionId, tokenId, generation: 0, ...times };
      const keys = { keyId: 'key-1', staleKeyId: '' };
      const plan = {
        ...{ presented, tokenId: 'next', ...keys },
        ...{ allowedAudiences: ['api'], rate: undefined, by: 'user' },
      };
      expect(await refresh(after, plan, soon())).toEqual({ status: 'REVOKED', reason: 'TENANT' });
      expect(await getSession(after, device, soon())).toBeUndefined();
      // The sweeper must not take the mark for one that is over.
      for (const each of after.keyspace.partitions) await sweepPartition(after, each, 100, soon());
      const fresh = await begin(after, device);
      const ref = { ...device, tokenId: fresh.tokenId };
      expect((await validate(after, ref, soon())).status).toBe('ACTIVE');
    }
    expect(new Set(await look(after))).toEqual(new Set(['REVOKED']));
  } finally {
    await Promise.all(stores.map((store) => store.close()));
    await redis.destroy();
    rmSync(dir, { recursive: true, force: true });
  }
});
