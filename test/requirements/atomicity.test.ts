import { setImmediate as turn } from 'node:timers/promises';
import { SupersedePolicy } from '@signum/contract/signum/v1/token_pb.js';
import type { DeviceRef } from '@signum/token';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FIELD } from '../../src/store/scripts/fields.ts';
import { SCRIPTS } from '../../src/store/scripts/script.ts';
import { diagnose } from '../setup/diagnose.ts';
import { startTestServer, type TestServer, TokenService } from '../setup/server.ts';
import { reasonOf } from '../wire/failure.ts';
import { issued, newDevice, pairOf, type Tokens, verdictOf } from '../wire/issued.ts';
import { type RestartableRedis, startRestartableRedis } from './redis-to-restart.ts';
import { openStored, type Stored } from './stored.ts';

let redis: RestartableRedis;
let server: TestServer;
let tokens: Tokens;
let stored: Stored;

beforeAll(async () => {
  redis = await startRestartableRedis();
  // Nothing but the calls of the tests may change anything.
  server = await startTestServer({ SIGNUM_REDIS_URL: redis.url, SIGNUM_SWEEP_INTERVAL: '1h' });
  tokens = server.client(TokenService);
  stored = openStored(server);
});
afterAll(async () => {
  stored.close();
  await server.close();
  await redis.remove();
});

/** Each token id is in exactly one of the two tables, and the indexes know the session. */
async function expectConsistent(device: DeviceRef, tokenIds: readonly string[]): Promise<void> {
  const { jti } = await stored.session(device);
  const { devices, revokedIds } = await stored.user(device);
  const revoked = new Set(revokedIds);
  for (const id of tokenIds)
    expect([id === jti, revoked.has(id)]).toEqual([id === jti, id !== jti]);
  expect(devices).toEqual(jti === undefined ? [] : [device.deviceId]);
}

async function expectNothingDangles(): Promise<void> {
  expect(await diagnose(server)).toEqual([]);
}

describe('R16 inserts and deletes across both tables are atomic', () => {
  test('R16 64 racing issues leave one active token, and the 63 others revoked', async () => {
    const device = newDevice();
    const pairs = await Promise.all(Array.from({ length: 64 }, () => issued(tokens, device)));
    const ids = pairs.map(({ tokenId }) => tokenId);
    const { jti = '' } = await stored.session(device);
    expect(ids).toContain(jti);
    await expectConsistent(device, ids);
    await expectNothingDangles();
  });

  test('R16 no reader ever sees a token in both tables or in none', async () => {
    const device = newDevice();
    const { partition, active } = stored.placeOf(device);
    let { tokenId } = await issued(tokens, device);
    let looks = 0;
    let revoking = true;
    const watch = async () => {
      while (revoking) {
        const id = tokenId;
        const [session, entry] = (await stored.redis
          .multi()
          .hget(active, FIELD.jti)
          .exists(`${partition.prefix}revoked:${id}`)
          .exec()) as [[null, string | null], [null, number]];
        // A token issued since then is in neither, which is right: it did not exist yet.
        const isActive = session[1] === id;
        expect([isActive, entry[1] === 1]).toEqual([isActive, !isActive]);
        looks += 1;
      }
    };
    const change = async () => {
      for (let i = 0; i < 40; i++) {
        tokenId = (await issued(tokens, device)).tokenId;
        if (i % 4 === 0) await tokens.revoke({ subject: { case: 'device', value: device } });
      }
      revoking = false;
    };
    await Promise.all([watch(), change()]);
    expect(looks).toBeGreaterThan(40);
  });

  test('R16 any calls that race leave every token in exactly one table', async () => {
    const device = newDevice();
    const first = await issued(tokens, device);
    const ids = [first.tokenId];
    const keep = (answer: Parameters<typeof pairOf>[0]) => ids.push(pairOf(answer).tokenId);
    const calls = Array.from({ length: 60 }, (_, i) => {
      if (i % 3 === 0) return tokens.issue({ device }).then(keep);
      if (i % 3 === 1) return tokens.revoke({ subject: { case: 'device', value: device } });
      // Refused once the session is superseded or revoked.
      return tokens.refresh({ refreshToken: first.refreshToken }).then(keep, () => undefined);
    });
    await Promise.all(calls);
    await expectConsistent(device, [...new Set(ids)]);
    await expectNothingDangles();
  });

  test('R16 a call that is refused changes nothing', async () => {
    const device = newDevice();
    await issued(tokens, device);
    const before = await settled(device);
    for (const policy of [SupersedePolicy.DENY_NEW, SupersedePolicy.REQUIRE_PROOF]) {
      await reasonOf(tokens.issue({ device, policy }));
    }
    const elsewhere = { ...device, tokenId: '01890000-0000-7000-8000-000000000000' };
    const none = await tokens.revoke({ subject: { case: 'ids', value: elsewhere } });
    expect(none.revokedCount).toBe(0);
    expect(await stored.dump()).toEqual(before);
  });

  test('R16 when memory is full Issue changes nothing, and Revoke still moves the token', async () => {
    const device = newDevice();
    const { accessToken, tokenId } = await issued(tokens, device);
    const before = await settled(device);
    await stored.redis.config('SET', 'maxmemory', '1');
    try {
      expect(await reasonOf(tokens.issue({ device }))).toBe('STORE_FULL');
      expect(await stored.dump()).toEqual(before);
      expect(await verdictOf(tokens, accessToken)).toBe('ACTIVE');
      await tokens.revoke({ subject: { case: 'device', value: device } });
      expect(await verdictOf(tokens, accessToken)).toBe('REVOKED');
      await expectConsistent(device, [tokenId]);
    } finally {
      await stored.redis.config('SET', 'maxmemory', '0');
    }
  });

  test.each(Object.keys(SCRIPTS) as (keyof typeof SCRIPTS)[])(
    'R16 the script %s changes nothing when it fails for want of arguments',
    async (name) => {
      const device = newDevice();
      await issued(tokens, device);
      const before = await settled(device);
      const { source } = SCRIPTS[name];
      await expect(stored.redis.eval(source, 0)).rejects.toThrow();
      expect(await stored.dump()).toEqual(before);
    },
  );

  test('R16 Redis killed in the middle of a race comes back with whole changes only', async () => {
    const devices = Array.from({ length: 8 }, () => newDevice());
    const pairs = await Promise.all(devices.map((device) => issued(tokens, device)));
    const answered: string[] = [];
    let over = false;
    const race = devices.map(async (device, i) => {
      const revoked = pairs[i]?.tokenId ?? '';
      await tokens.revoke({ subject: { case: 'device', value: device } });
      answered.push(revoked);
      while (!over) {
        const answer = await tokens.issue({ device }).catch(() => undefined);
        if (answer === undefined) await turn();
      }
    });
    await expect.poll(() => answered.length, { timeout: 15_000 }).toBe(devices.length);
    await redis.kill();
    over = true;
    await Promise.all(race);
    await redis.start();
    const ready = () => verdictOf(tokens, pairs[0]?.accessToken ?? '').catch(() => 'not yet');
    await expect.poll(ready, { timeout: 20_000, interval: 100 }).not.toBe('not yet');
    await expect.poll(() => stored.redis.ping().catch(() => ''), { timeout: 20_000 }).toBe('PONG');
    for (const [i, device] of devices.entries()) {
      await expectConsistent(device, [pairs[i]?.tokenId ?? '']);
    }
    await expectNothingDangles();
  }, 60_000);
});

/** What is stored once the fingerprint, which nobody waits for, has been noted. */
async function settled(device: DeviceRef): Promise<Readonly<Record<string, string>>> {
  await expect.poll(async () => (await stored.session(device)).fp ?? '').not.toBe('');
  return stored.dump();
}
