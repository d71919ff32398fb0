import { PassThrough, Readable } from 'node:stream';
import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { Fence } from '@signum/contract/signum/v1/token_pb.js';
import { expect } from 'vitest';
import type { Cli } from '../../../src/cli/cli.ts';
import { run } from '../../../src/cli/run.ts';
import { CallerService, KeyService, type TestServer, TokenService } from '../../setup/server.ts';
import { watchFeed } from '../../setup/test-edge.ts';
import { until } from '../../setup/until.ts';
import { reasonOf } from '../../wire/failure.ts';
import { issued, newDevice, refreshed, verdictOf } from '../../wire/issued.ts';

/** What a server needs for its whole life to fit into a test. */
export const SHORT_LIFE = {
  SIGNUM_RATE_USER: '1000/s',
  SIGNUM_RATE_CALLER: '1000/s',
  SIGNUM_REFRESH_GRACE: '0',
  SIGNUM_SWEEP_INTERVAL: '100ms',
  SIGNUM_CALLER_REFRESH: '100ms',
  SIGNUM_KEY_POLL: '100ms',
  // How long a revocation waits for replicas that do not come.
  SIGNUM_DEADLINE_DEFAULT: '3s',
};

/** Everything that a deployment ever asks of its Redis. */
export async function liveWholeLife(server: TestServer): Promise<void> {
  await liveSessions(server);
  await sweep(server);
  await liveKeys(server);
  await liveCallers(server);
  await watch(server);
  await waitForDurability(server);
  await examine(server);
}

/** As an edge and as the holder of a session, with a revocation that waits for both. */
async function watch(server: TestServer): Promise<void> {
  const tokens = server.client(TokenService);
  const edge = watchFeed(server, { edge: true });
  await until('the edge has a lease', () =>
    edge.parts.some((part) => part.case === 'checkpoint' && part.value.renewal > 0n),
  );
  const device = newDevice();
  const { refreshToken } = await issued(tokens, device);
  const states = tokens.watchSession({ refreshToken })[Symbol.asyncIterator]();
  expect((await states.next()).value).toMatchObject({ ended: false });
  const subject = { case: 'device', value: device } as const;
  await tokens.revoke({ subject, fence: Fence.EDGES }, { timeoutMs: 15_000 });
  expect((await states.next()).value).toMatchObject({ ended: true });
  await edge.close();
}

async function liveSessions(server: TestServer): Promise<void> {
  const tokens = server.client(TokenService);
  const device = newDevice();
  const { tenantId, userId } = device;
  const requestId = crypto.randomUUID();
  const first = await issued(tokens, device, { requestId });
  expect((await issued(tokens, device, { requestId })).sessionId).toBe(first.sessionId);
  const second = await refreshed(tokens, first.refreshToken);
  expect(await verdictOf(tokens, second.accessToken)).toBe('ACTIVE');
  const { results } = await tokens.batchValidate({
    items: [first, second].map(({ accessToken: value }) => ({
      subject: { case: 'token', value },
    })),
  });
  expect(results).toHaveLength(2);
  expect((await tokens.listSessions({ tenantId, userId })).totalSize).toBe(1);
  expect((await tokens.getSession({ device })).session?.sessionId).toBe(first.sessionId);
  expect(await reasonOf(tokens.refresh({ refreshToken: first.refreshToken }))).toBe(
    'REFRESH_REUSED',
  );
  const third = await issued(tokens, device);
  await issued(tokens, newDevice({ userId }));
  await tokens.revoke({ subject: { case: 'token', value: third.accessToken } });
  expect(await verdictOf(tokens, third.accessToken)).toBe('REVOKED');
  expect((await tokens.revokeUser({ tenantId, userId })).revokedCount).toBe(1);
  const last = await issued(tokens, device);
  await tokens.revokeTenant({ tenantId });
  expect(await verdictOf(tokens, last.accessToken)).toBe('REVOKED');
}

/** A session whose life is over moves to the revoked table without being asked for. */
async function sweep(server: TestServer): Promise<void> {
  const tokens = server.client(TokenService);
  const device = newDevice();
  const second = { seconds: 1n };
  await issued(tokens, device, { accessLifetime: second, refreshLifetime: second });
  const { tenantId, userId } = device;
  await until('the session is swept', async () => {
    const { totalSize } = await tokens.listSessions({ tenantId, userId });
    return totalSize === 0;
  });
}

async function liveKeys(server: TestServer): Promise<void> {
  const keys = server.client(KeyService);
  const { key } = await keys.rotateKey({});
  await keys.revokeKey({ keyId: key?.keyId ?? '' });
  expect((await keys.listKeys({})).keys.length).toBeGreaterThan(0);
  expect((await keys.getJwks({})).jwksJson).toContain('"keys"');
}

async function liveCallers(server: TestServer): Promise<void> {
  const callers = server.client(CallerService);
  const name = 'gateway';
  const made = { name, permissions: [Permission.VALIDATE], tenants: ['acme'] };
  const { apiKey } = await callers.createCaller(made);
  await callers.rotateCallerKey({ name });
  expect(await verdictOf(server.client(TokenService, apiKey), 'x')).toBe('MALFORMED');
  await until('its use is noted', async () => {
    const found = (await callers.listCallers({})).callers.find((each) => each.name === name);
    return found?.keys.some(({ lastUseTime }) => lastUseTime !== undefined) ?? false;
  });
  await callers.setCallerDisabled({ name, disabled: true });
  expect((await callers.deleteCaller({ name })).deleted).toBe(true);
}

/** No replica will come, and this Redis may have no WAITAOF: that both are asked for is enough. */
async function waitForDurability(server: TestServer): Promise<void> {
  const tokens = server.client(TokenService);
  for (const durability of [{ replicas: 1 }, { fsync: true }]) {
    const device = newDevice();
    await issued(tokens, device);
    const subject = { case: 'device', value: device } as const;
    const call = tokens.revoke({ subject, durability });
    const answer = await call.then(
      ({ durability: reached }) => `fsync ${reached?.fsync}`,
      () => reasonOf(call),
    );
    // On a busy machine the deadline may come before the answer that nothing is confirmed.
    expect(['DURABILITY_UNCONFIRMED', 'DEADLINE_EXCEEDED', 'fsync true']).toContain(answer);
  }
}

async function examine(server: TestServer): Promise<void> {
  const stdout = new PassThrough();
  const cli: Cli = {
    env: {
      SIGNUM_ADDRESS: server.address,
      SIGNUM_CA_FILE: server.certificates.caFile,
      SIGNUM_API_KEY: server.adminKey,
      SIGNUM_REDIS_URL: server.redisUrl,
      SIGNUM_PARTITIONS: '4',
    },
    stdin: Readable.from([]),
    stdout,
    stderr: new PassThrough(),
    now: () => new Date(),
    exitCode: 0,
    isService: false,
  };
  await run(cli, ['doctor', '--json']);
  const { examinations } = JSON.parse(String(stdout.read()));
  const areas = examinations.map(({ area }: { area: string }) => area.split(' ')[0]);
  expect(areas).toEqual(expect.arrayContaining(['Redis', 'Deployment', 'Keys']));
  const faults = examinations
    .flatMap(({ findings }: { findings: { severity: string; subject: string }[] }) => findings)
    .filter(({ severity }: { severity: string }) => severity === 'error');
  expect(faults).toEqual([]);
}
