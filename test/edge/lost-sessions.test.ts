import { randomUUID } from 'node:crypto';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { Fence, RevocationReason } from '@signum/contract/signum/v1/token_pb.js';
import type { RevokeRequestSchema } from '@signum/contract/signum/v1/token_service_pb.js';
import { connectEdge, type Edge } from '@signum/edge';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { primariesOf, redisClient } from '../setup/redis-client.ts';
import { CallerService, startTestServer, type TestServer, TokenService } from '../setup/server.ts';
import { until } from '../setup/until.ts';

let server: TestServer;
let edge: Edge;
let redis: ReturnType<typeof redisClient>;
let primaries: readonly Redis[];

beforeAll(async () => {
  server = await startTestServer({ SIGNUM_EDGE_LEASE: '2s', SIGNUM_REDIS_FAILOVER_WINDOW: '0s' });
  const permissions = [Permission.WATCH, Permission.VALIDATE];
  const created = await server
    .client(CallerService)
    .createCaller({ name: 'gateway', permissions, tenants: ['*'] });
  const credentials = { apiKey: created.apiKey, ca: server.ca };
  edge = await connectEdge({ address: server.address, credentials });
  redis = redisClient(server.redisUrl);
  primaries = await primariesOf(redis);
});

afterAll(async () => {
  redis?.disconnect();
  await edge?.close();
  await server?.close();
});

async function issue() {
  const device = { tenantId: 'acme', userId: randomUUID(), deviceId: 'phone' };
  const { tokens } = await server.client(TokenService).issue({ device });
  const access = tokens?.accessToken ?? '';
  const verdict = await edge.verify(access);
  if (!verdict.active) throw new Error(verdict.verdict);
  const { tokenId, sessionId } = verdict.token;
  return { device, tokenId, sessionId, access };
}

type Begun = Awaited<ReturnType<typeof issue>>;

const isSure = (token: string) => !(edge.verify(token) instanceof Promise);

/** Issues a token that the edge accepts by itself. */
async function accepted(): Promise<Begun> {
  const begun = await issue();
  await until('the edge accepts it by itself', async () => {
    expect(await edge.verify(begun.access)).toMatchObject({ active: true });
    return isSure(begun.access);
  });
  return begun;
}

/** As if a replica had taken over that had not received a session: nothing tells of its end. */
async function failOver({ device: { tenantId, userId, deviceId } }: Begun): Promise<void> {
  let gone = 0;
  for (const node of primaries) {
    const names = await node.keys(`signum:{*}:active:${tenantId}:${userId}:${deviceId}`);
    for (const name of names) gone += await node.del(name);
    for (const name of await node.keys('signum:{*}:watermarks')) {
      await node.hset(name, 'history', 'of-the-primary-before');
    }
    await node.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  }
  expect(gone).toBe(1);
}

test('a session that a failover has lost is refused by an edge that had accepted its token', async () => {
  const lost = await accepted();
  await failOver(lost);
  const refused = async () => !(await edge.verify(lost.access)).active;
  await until('it is refused', refused);
  await until('the edge answers by itself', () => edge.state === 'LIVE');
  expect(await edge.verify(lost.access)).toMatchObject({ active: false, verdict: 'UNKNOWN' });
});

test('after a failover an edge asks about each token once, and accepts those whose session is there', async () => {
  const lost = await accepted();
  const kept = await accepted();
  const before = edge.metrics().unsure.LOSS;
  await failOver(lost);
  await until('it is asked about', async () => {
    expect(await edge.verify(kept.access)).toMatchObject({ active: true });
    return edge.metrics().unsure.LOSS > before;
  });
  await until('the edge answers by itself', () => edge.state === 'LIVE');
  expect(edge.verify(kept.access)).toMatchObject({ active: true, source: 'EDGE' });
  // Another watermark makes it judged again, by itself.
  await server.client(TokenService).revokeTenant({ tenantId: 'other', fence: Fence.EDGES });
  expect(edge.verify(kept.access)).toMatchObject({ active: true, source: 'EDGE' });
  expect(edge.metrics().unsure.LOSS).toBe(before + 1);
  await failOver(await issue());
  await until('the next failover makes it doubtful', async () => {
    await edge.verify(kept.access);
    return edge.metrics().unsure.LOSS > before + 1;
  });
});

type Subject = NonNullable<MessageInitShape<typeof RevokeRequestSchema>['subject']>;

const revokeBy = (subject: Subject) => {
  return server.client(TokenService).revoke({ subject, fence: Fence.EDGES });
};
const revokeUser = ({ device: { tenantId, userId } }: Begun) => {
  const reason = RevocationReason.ADMIN;
  return server.client(TokenService).revokeUser({ tenantId, userId, reason, fence: Fence.EDGES });
};

test.each<[string, (lost: Begun) => Promise<unknown>]>([
  ['its user', revokeUser],
  ['its device', ({ device }) => revokeBy({ case: 'device', value: device })],
  ['its ids', ({ device, tokenId }) => revokeBy({ case: 'ids', value: { ...device, tokenId } })],
  [
    "its session's id",
    ({ device, sessionId }) => revokeBy({ case: 'session', value: { device, sessionId } }),
  ],
])(
  'no edge accepts a token after a fenced revocation by %s, though a failover has lost its session',
  async (_by, revoke) => {
    const lost = await accepted();
    await failOver(lost);
    expect(await revoke(lost)).toMatchObject({ revokedCount: 0 });
    expect(await edge.verify(lost.access)).toMatchObject({ active: false });
  },
);
