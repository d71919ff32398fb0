import type { DeviceRef, TokenRef } from '@signum/token';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { FIELD } from '../../src/store/scripts/fields.ts';
import { sweepPartition } from '../../src/store/sessions/sweep.ts';
import { diagnose } from '../setup/diagnose.ts';
import { startTestServer, type TestServer, TokenService } from '../setup/server.ts';
import { openTestStore, soon } from '../setup/store.ts';
import { Model } from './model.ts';
import { apply, compareAll, hostileDevices, operation, type Real } from './operations.ts';

type Store = Awaited<ReturnType<typeof openTestStore>>;

/** How many sequences are tried, one after the other and all at once. */
const RUNS =
  inject('redis').topology === 'standalone'
    ? { inTurn: 100, atOnce: 25 }
    : { inTurn: 30, atOnce: 10 };

let server: TestServer;
let store: Store;
let runs = 0;

beforeAll(async () => {
  server = await startTestServer({ SIGNUM_REFRESH_GRACE: '300s' });
  store = await openTestStore({}, server.redisUrl);
});
afterAll(async () => {
  await store.close();
  await server.close();
});

/** Makes a session's time be over: what the clock would do, without the wait. */
async function expire(device: DeviceRef): Promise<void> {
  const { active, member, partition } = store.keyspace.place(device);
  const overS = Math.floor(Date.now() / 1_000) - 5;
  if ((await store.client.exists(active)) === 0) return;
  await store.client.hset(active, FIELD.exp, overS, FIELD.rexp, overS);
  await store.client.zadd(partition.expiry, overS * 1_000, member);
  await sweepPartition(store, partition, 256, soon());
}

function newReal(protocol: 'connect' | 'connect-h1' | 'grpc-web'): Real {
  runs += 1;
  return {
    tokens: server.client(TokenService, server.adminKey, protocol),
    devices: hostileDevices(runs),
    expire,
  };
}

describe.each(['connect', 'connect-h1', 'grpc-web'] as const)('over %s', (protocol) => {
  test('any sequence of operations leaves what a small model says', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 24 }), async (operations) => {
        const real = newReal(protocol);
        const model = new Model();
        for (const each of operations) await apply(each, real, model);
        await compareAll(real, model);
      }),
      { numRuns: RUNS.inTurn },
    );
  }, 120_000);

  test('any operations at once leave at most one active token a device, and none comes back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 2, maxLength: 24 }), async (operations) => {
        const real = newReal(protocol);
        const issued: string[] = [];
        const first = await real.tokens.issue({ device: real.devices[0] as DeviceRef });
        const refreshToken = first.tokens?.refreshToken ?? '';
        const keep = (tokens: { accessToken: string } | undefined) =>
          issued.push(tokens?.accessToken ?? '');
        keep(first.tokens);
        await Promise.all(operations.map((each) => raceOne(each, real, refreshToken, keep)));
        const before = await activeTokens(real, issued);
        for (const { deviceId, tenantId } of real.devices) {
          const here = before.filter(
            (ref) => ref.deviceId === deviceId && ref.tenantId === tenantId,
          );
          // A replayed refresh signs the same token again: tokens are counted by id.
          expect(new Set(here.map(({ tokenId }) => tokenId)).size).toBeLessThanOrEqual(1);
        }
        for (const device of real.devices) await real.tokens.issue({ device });
        expect(await activeTokens(real, issued)).toEqual([]);
      }),
      { numRuns: RUNS.atOnce },
    );
  }, 120_000);
});

async function raceOne(
  each: Parameters<typeof apply>[0],
  real: Real,
  refreshToken: string,
  keep: (tokens: { accessToken: string } | undefined) => void,
): Promise<void> {
  const device = real.devices[each.device] as DeviceRef;
  const { tenantId, userId } = device;
  switch (each.do) {
    case 'issue':
      return keep((await real.tokens.issue({ device })).tokens);
    case 'refresh':
      // It may have been superseded or revoked meanwhile; what it answers if not must be kept.
      return real.tokens.refresh({ refreshToken }).then(
        ({ tokens }) => keep(tokens),
        () => undefined,
      );
    case 'revoke-user':
      await real.tokens.revokeUser({ tenantId, userId });
      return;
    case 'revoke-tenant':
      await real.tokens.revokeTenant({ tenantId });
      return;
    case 'expire':
      return;
    default:
      await real.tokens.revoke({ subject: { case: 'device', value: device } });
  }
}

async function activeTokens(real: Real, tokens: readonly string[]): Promise<TokenRef[]> {
  const { results } = await real.tokens.batchValidate({
    items: [...new Set(tokens)].map((token) => ({ subject: { case: 'token', value: token } })),
  });
  return results.flatMap(({ result }) => {
    if (result.case !== 'response') throw new Error(result.value?.message);
    const { active, token } = result.value;
    return active && token ? [token] : [];
  });
}

test('after all of it the doctor finds every key in order', async () => {
  expect(await diagnose(server)).toEqual([]);
});
