import { randomUUID } from 'node:crypto';
import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { Fence } from '@signum/contract/signum/v1/token_pb.js';
import { connectEdge, type Edge } from '@signum/edge';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { primariesOf, redisClient } from '../setup/redis-client.ts';
import {
  AUDIENCE,
  CallerService,
  startTestServer,
  type TestServer,
  TokenService,
} from '../setup/server.ts';
import { until } from '../setup/until.ts';

const LEASE_MS = 2_000;

let server: TestServer;
let apiKey: string;
let edge: Edge;

beforeAll(async () => {
  server = await startTestServer({
    SIGNUM_EDGE_LEASE: `${LEASE_MS}ms`,
    SIGNUM_REDIS_FAILOVER_WINDOW: '0s',
  });
  const callers = server.client(CallerService);
  const created = await callers.createCaller({
    name: 'gateway',
    permissions: [Permission.WATCH, Permission.VALIDATE],
    tenants: ['acme', 'initech'],
  });
  apiKey = created.apiKey;
  edge = await connect();
});

afterAll(async () => {
  await edge?.close();
  await server?.close();
});

function connect(address: string | readonly string[] = server.address): Promise<Edge> {
  return connectEdge({ address, credentials: { apiKey, ca: server.ca }, audience: AUDIENCE });
}

async function issue(tenantId = 'acme') {
  const device = { tenantId, userId: randomUUID(), deviceId: 'phone' };
  const { tokens } = await server.client(TokenService).issue({ device, scopes: ['read'] });
  return { device, access: tokens?.accessToken ?? '', refresh: tokens?.refreshToken ?? '' };
}

/** What the edge says by itself. */
function own(token: string, by = edge) {
  const verdict = by.verify(token);
  if (verdict instanceof Promise) throw new Error(`asked the server: ${by.state}`);
  return verdict;
}

test('an edge answers by itself for tokens that the server has issued', async () => {
  expect(edge.state).toBe('LIVE');
  const { access, device } = await issue();
  expect(own(access)).toMatchObject({ active: true, source: 'EDGE', token: { ...device } });
});

test('a refresh, another Issue and a logout end a token at the edge, each for its reason', async () => {
  const tokens = server.client(TokenService);
  const { access, refresh, device } = await issue();
  expect(own(access)).toMatchObject({ active: true });
  const { tokens: next } = await tokens.refresh({ refreshToken: refresh });
  await until('the rotated token is refused', () => !own(access).active);
  expect(own(access)).toMatchObject({ verdict: 'REVOKED', reason: 'ROTATED' });
  const second = next?.accessToken ?? '';
  expect(own(second)).toMatchObject({ active: true });
  const { tokens: third } = await tokens.issue({ device });
  await until('the superseded token is refused', () => !own(second).active);
  expect(own(second)).toMatchObject({ verdict: 'SUPERSEDED' });
  await tokens.revoke({ subject: { case: 'token', value: third?.accessToken ?? '' } });
  await until('the revoked token is refused', () => !own(third?.accessToken ?? '').active);
});

test('a fenced revocation is over at every edge when it returns', async () => {
  const other = await connect();
  try {
    /** Ends a token, which both edges refuse at once; returns how many edges have confirmed it. */
    const revoke = async () => {
      const { access, device } = await issue();
      for (const each of [edge, other]) expect(own(access, each)).toMatchObject({ active: true });
      const { fence } = await server
        .client(TokenService)
        .revoke({ subject: { case: 'device', value: device }, fence: Fence.EDGES });
      for (const each of [edge, other]) expect(own(access, each)).toMatchObject({ active: false });
      return fence?.edgesConfirmed ?? 0;
    };
    // A server that has just started trusts no lease table: it waits a whole lease instead.
    await until('both edges confirm', async () => (await revoke()) >= 2);
    for (let i = 0; i < 10; i += 1) expect(await revoke()).toBeGreaterThanOrEqual(2);
  } finally {
    await other.close();
  }
});

test('a token whose session Redis has lost is refused by the edge once its holder has revoked it', async () => {
  const redis = redisClient(server.redisUrl);
  try {
    const { access, device } = await issue();
    expect(own(access)).toMatchObject({ active: true });
    const { tenantId, userId, deviceId } = device;
    const name = `active:${tenantId}:${userId}:${deviceId}`;
    const keys = (await primariesOf(redis)).map((node) => node.keys(`signum:{*}:${name}`));
    const [key] = (await Promise.all(keys)).flat();
    expect(await redis.del(key as string)).toBe(1);
    expect(own(access)).toMatchObject({ active: true });
    const subject = { case: 'token', value: access } as const;
    const tokens = server.client(TokenService);
    expect(await tokens.revoke({ subject, fence: Fence.EDGES })).toMatchObject({ revokedCount: 0 });
    expect(own(access)).toMatchObject({ active: false, reason: 'LOGOUT' });
    expect(await tokens.validate({ subject })).toMatchObject({ active: false });
  } finally {
    redis.disconnect();
  }
});

test('a revoked tenant is refused by the edge, and what is issued after that is not', async () => {
  const before = await issue('initech');
  expect(own(before.access)).toMatchObject({ active: true });
  await server.client(TokenService).revokeTenant({ tenantId: 'initech', fence: Fence.EDGES });
  expect(await edge.verify(before.access)).toMatchObject({ active: false, reason: 'TENANT' });
  const after = await issue('initech');
  // Of the same second as the mark: only the server can tell.
  expect(await edge.verify(after.access)).toMatchObject({ active: true });
});

test('tokens of a tenant that the edge may not see are left to the server', async () => {
  const { tokens } = await server.client(TokenService).issue({
    device: { tenantId: 'globex', userId: 'eve', deviceId: 'phone' },
  });
  expect(await edge.verify(tokens?.accessToken ?? '')).toMatchObject({ active: false });
  expect(edge.metrics().unsure.TENANT).toBe(1);
});

test('what the edge says and what the server says is the same', async () => {
  const { access } = await issue();
  const shadow = await connectEdge({
    ...{ address: server.address, credentials: { apiKey, ca: server.ca }, shadow: true },
  });
  try {
    expect(await shadow.verify(access)).toMatchObject({ active: true, source: 'SERVER' });
    expect(shadow.metrics().disagreements).toBe(0);
  } finally {
    await shadow.close();
  }
});

test('it is told by either listener, gRPC and public', async () => {
  const other = await connect(`https://${server.grpcAddress}`);
  try {
    const { access } = await issue();
    expect(own(access, other)).toMatchObject({ active: true });
  } finally {
    await other.close();
  }
});

test('a caller without the permission to watch is told which one it lacks', async () => {
  const { apiKey: blind } = await server
    .client(CallerService)
    .createCaller({ name: 'blind', permissions: [Permission.VALIDATE], tenants: ['acme'] });
  const refused = connectEdge({
    ...{ address: server.address, credentials: { apiKey: blind, ca: server.ca } },
  });
  await expect(refused).rejects.toMatchObject({ reason: 'PERMISSION' });
});
