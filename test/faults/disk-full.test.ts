import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeviceRef } from '@signum/token';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { SignumError } from '../../src/domain/errors.ts';
import { type IssuePlan, issue } from '../../src/store/sessions/issue.ts';
import { revokeDevice } from '../../src/store/sessions/revoke.ts';
import { validate } from '../../src/store/sessions/validate.ts';
import type { Store } from '../../src/store/store.ts';
import { isWritable, manyDevices, openImpatientStore, within } from '../setup/impatient-store.ts';
import { RedisNode } from '../setup/redis-node.ts';
import { ask } from '../setup/redis-sentinel.ts';
import { planFor } from '../setup/store.ts';
import { until } from '../setup/until.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const LOGOUT = { reason: 'LOGOUT', by: 'test', durability: { replicas: 0, fsync: false } } as const;
/** Not of the service's answers, but of how often it is asked before the disk is full. */
const ATTEMPTS = 5_000;

/** A file system of 6 MB of its own; undefined where this process may not make one. */
function smallDisk(): string | undefined {
  const dir = mkdtempSync(join(tmpdir(), 'signum-test-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', dir], { stdio: 'ignore' });
    return dir;
  } catch {
    rmSync(dir, { recursive: true });
    return undefined;
  }
}

const disk = smallDisk();
afterAll(() => {
  if (disk === undefined) return;
  execFileSync('umount', ['--lazy', disk]);
  rmSync(disk, { recursive: true, force: true });
});

/** Takes whatever room is left but for some kB, until told to give it back. */
function fillDisk(leftKb: number): () => void {
  const file = join(disk as string, 'ballast');
  const { bavail, bsize } = statfsSync(disk as string);
  writeFileSync(file, Buffer.alloc(Math.max(0, bavail * bsize - leftKb * 1024)));
  return () => rmSync(file);
}

const WHY = disk === undefined ? ' (skipped: it takes the right to mount a tmpfs)' : '';

describe.skipIf(disk === undefined)(`a disk that fills up${WHY}`, () => {
  describe.each(['everysec', 'always'])('with appendfsync %s', (appendfsync) => {
    let node: RedisNode;
    let store: Store;
    const redisAnswers = () =>
      until('Redis answers', () => ask(node.port, async (r) => (await r.ping()) === 'PONG'));

    beforeAll(async () => {
      const dir = join(disk as string, appendfsync);
      mkdirSync(dir);
      const args = ['--appendonly', 'yes', '--appendfsync', appendfsync];
      node = await RedisNode.start({ dir, args });
      await redisAnswers();
      store = await openImpatientStore(node.url, 1000);
      await until('it takes writes', () => isWritable(store));
    });
    afterAll(async () => {
      await store?.close();
      await node?.destroy();
    });

    test('what is acknowledged is there, what is refused was refused, and nothing is wrong', async () => {
      const keep = planFor(manyDevices(`keep-${appendfsync}`, 1)[0] as DeviceRef);
      const end = planFor(manyDevices(`end-${appendfsync}`, 1)[0] as DeviceRef);
      for (const plan of [keep, end]) await issue(store, plan, within(2000));
      await revokeDevice(store, end.device, {}, LOGOUT, within(2000));

      const giveBack = fillDisk(64);
      const acknowledged: IssuePlan[] = [];
      let refused: SignumError | undefined;
      for (let i = 0; i < ATTEMPTS && !refused; i++) {
        const plan = planFor({
          tenantId: 'acme',
          userId: `${appendfsync}-${i}`,
          deviceId: 'phone',
        });
        try {
          await issue(store, plan, within(2000));
          acknowledged.push(plan);
        } catch (error) {
          refused = error as SignumError;
        }
      }
      expect(refused).toBeInstanceOf(SignumError);
      expect(refused?.reason).toBe('STORE_UNAVAILABLE');
      if (appendfsync === 'everysec') expect(refused?.metadata['store_code']).toBe('MISCONF');
      // With `always`, Redis rather dies than say what it could not write.
      if (appendfsync === 'always') await until('Redis has given up', () => !node.isAlive);

      const statuses = new Set<string>();
      for (let i = 0; i < 20; i++) {
        statuses.add(await look(store, keep));
        statuses.add(`${await look(store, end)} of the revoked`);
        statuses.add(`revoke ${await tryRevoke(store, keep.device)}`);
      }
      expect([...statuses].sort()).toEqual([
        'STORE_UNAVAILABLE',
        'STORE_UNAVAILABLE of the revoked',
        'revoke STORE_UNAVAILABLE',
      ]);

      giveBack();
      if (!node.isAlive) node.start();
      await redisAnswers();
      await until('it takes writes again', () => isWritable(store));
      const after = await Promise.all([keep, ...acknowledged].map((plan) => look(store, plan)));
      expect(new Set(after)).toEqual(new Set(['ACTIVE']));
      expect(await look(store, end)).toBe('REVOKED');
      expect(acknowledged.length).toBeGreaterThan(10);
    });
  });
});

async function look(store: Store, { device, tokenId }: IssuePlan): Promise<string> {
  try {
    return (await validate(store, { ...device, tokenId }, within(2000))).status;
  } catch (error) {
    return error instanceof SignumError ? error.reason : String(error);
  }
}

async function tryRevoke(store: Store, device: DeviceRef): Promise<string> {
  try {
    return `ended ${(await revokeDevice(store, device, {}, LOGOUT, within(2000))).count}`;
  } catch (error) {
    return error instanceof SignumError ? error.reason : String(error);
  }
}
