import { randomUUID } from 'node:crypto';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { createClient } from '@connectrpc/connect';
import { CallerService, Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { Fence, type FenceReached, RevocationReason } from '@signum/contract/signum/v1/token_pb.js';
import type { WatchSessionResponse } from '@signum/contract/signum/v1/token_service_pb.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { primariesOf, redisClient } from '../setup/redis-client.ts';
import {
  KeyService,
  startTestServer,
  type TestServer,
  TokenService,
  transportTo,
} from '../setup/server.ts';
import { type TestWatcher, watchFeed } from '../setup/test-edge.ts';
import { until } from '../setup/until.ts';
import { failureOf, reasonOf } from './failure.ts';

const PARTITIONS = 4;
let server: TestServer;
let other: TestServer;

beforeAll(async () => {
  const env = { SIGNUM_EDGE_LEASE: '1s', SIGNUM_REDIS_FAILOVER_WINDOW: '0' };
  server = await startTestServer(env);
  const redis = { SIGNUM_REDIS_URL: server.redisUrl, SIGNUM_DEADLINE_MAX: '300ms' };
  // Its certificate is its own.
  const { SIGNUM_TLS_CERT_FILE: _, SIGNUM_TLS_KEY_FILE: __, ...same } = server.env;
  other = await startTestServer({ ...same, ...redis, SIGNUM_DEADLINE_DEFAULT: '300ms' });
});
afterAll(async () => {
  await other.close();
  await server.close();
});

const device = (userId: string, tenantId = 'acme') => ({ tenantId, userId, deviceId: 'phone' });
const isWhole = ({ parts }: TestWatcher) =>
  parts.filter((part) => part.case === 'snapshot' && part.value.last).length >= PARTITIONS;
const endsOf = ({ parts }: TestWatcher) =>
  parts.flatMap((part) => {
    if (part.case !== 'events') return [];
    return part.value.events.flatMap(({ event }) => (event.case === 'ended' ? [event.value] : []));
  });
const uuidOf = (bytes: Uint8Array) => {
  const hex = Buffer.from(bytes).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
};

describe.each(['connect', 'grpc'] as const)('the feed over %s', (protocol) => {
  test('begins with the deployment and the keys, then tells every end and a checkpoint', async () => {
    const tokens = server.client(TokenService);
    const watcher = watchFeed(server, { includeDevices: true }, { protocol });
    await until('the snapshot is whole', () => isWhole(watcher));
    const [welcome, keys] = watcher.parts;
    expect(welcome).toMatchObject({
      case: 'welcome',
      value: { partitions: PARTITIONS, issuer: 'https://signum.test', tenantIds: [] },
    });
    expect(keys?.case).toBe('keys');

    const issued = await tokens.issue({ device: device(protocol) });
    await tokens.revoke({ subject: { case: 'device', value: device(protocol) } });
    await until('the end is told', () => endsOf(watcher).length > 0);
    const [end] = endsOf(watcher);
    expect(uuidOf(end?.tokenId ?? new Uint8Array())).toBe(issued.tokens?.tokenId);
    expect(end).toMatchObject({ reason: RevocationReason.LOGOUT, device: device(protocol) });
    await until('a checkpoint covers all', () => {
      const last = watcher.parts.findLast((part) => part.case === 'checkpoint');
      return last?.case === 'checkpoint' && last.value.uncovered.length === 0;
    });
    const sequences = watcher.responses.map(({ sequence }) => Number(sequence));
    expect(sequences).toEqual(sequences.map((_, i) => i + 1));
    await watcher.close();
  });

  test("is refused without the permission, and for a tenant that is not the caller's", async () => {
    const callers = server.client(CallerService);
    const make = async (name: string, permissions: Permission[]) =>
      (await callers.createCaller({ name: `${name}-${protocol}`, permissions, tenants: ['acme'] }))
        .apiKey;
    const without = await make('without', [Permission.VALIDATE]);
    const within = await make('within', [Permission.WATCH]);
    const ended = async (watcher: TestWatcher) => {
      await until('the stream ends', () => watcher.end !== undefined);
      const failure = await failureOf(Promise.reject(watcher.end?.error));
      return failure.reason;
    };
    expect(await ended(watchFeed(server, {}, { protocol, credential: without }))).toBe(
      'PERMISSION_DENIED',
    );
    const foreign = watchFeed(server, { tenantIds: ['other'] }, { protocol, credential: within });
    expect(await ended(foreign)).toBe('PERMISSION_DENIED');
    const own = watchFeed(server, {}, { protocol, credential: within });
    await until('it is told', () => isWhole(own));
    expect(own.parts[0]).toMatchObject({ value: { tenantIds: ['acme'] } });
    await own.close();
  });
});

describe('a fenced revocation', () => {
  test('waits until every edge has confirmed it, at whatever server they are', async () => {
    const tokens = server.client(TokenService);
    const edges = [watchFeed(server, { edge: true }), watchFeed(other, { edge: true })];
    for (const edge of edges) {
      await until('it has a lease', () =>
        edge.parts.some((part) => part.case === 'checkpoint' && part.value.renewal > 0n),
      );
    }
    await until('the table is trusted', async () => {
      await tokens.issue({ device: device('fenced') });
      const { fence } = await tokens.revoke(
        {
          subject: { case: 'device', value: device('fenced') },
          fence: Fence.EDGES,
        },
        { timeoutMs: 10_000 },
      );
      return fence?.edgesConfirmed === 2 && fence.leasesExpired === 0;
    });
    const ends = edges.map((edge) => endsOf(edge).length);
    expect(Math.min(...ends)).toBeGreaterThan(0);
    await Promise.all(edges.map((edge) => edge.close()));
  });

  test('that is repeated, with nothing left to end, waits for the edges and not for their leases', async () => {
    const tokens = server.client(TokenService);
    const edges = [watchFeed(server, { edge: true }), watchFeed(other, { edge: true })];
    for (const edge of edges) {
      await until('it has a lease', () =>
        edge.parts.some((part) => part.case === 'checkpoint' && part.value.renewal > 0n),
      );
    }
    const options = { timeoutMs: 10_000 };
    const [fence, which] = [Fence.EDGES, device('repeated')];
    const revoke = async () =>
      tokens.revoke({ subject: { case: 'device', value: which }, fence }, options);
    const isConfirmed = ({ fence: reached }: { fence?: FenceReached | undefined }) =>
      reached?.edgesConfirmed === 2 && reached.leasesExpired === 0;
    await until('the table is trusted', async () => isConfirmed(await revoke()));
    await tokens.issue({ device: which });
    const request = { device: which, requestId: randomUUID(), fence };
    const first = await tokens.issue(request, options);
    expect(first.supersededSessionId).not.toBe('');
    await until('a repeated call is confirmed', async () => {
      const again = await tokens.issue(request, options);
      expect(again.tokens?.tokenId).toBe(first.tokens?.tokenId);
      return isConfirmed(again);
    });
    expect(await revoke()).toMatchObject({ revokedCount: 1 });
    await until('a repeated revocation is confirmed', async () => {
      const again = await revoke();
      expect(again.revokedCount).toBe(0);
      return isConfirmed(again);
    });
    await Promise.all(edges.map((edge) => edge.close()));
  });

  test('tells when each end was committed, as its entry in Redis does', async () => {
    const tokens = server.client(TokenService);
    const watcher = watchFeed(server, { includeDevices: true });
    await until('the snapshot is whole', () => isWhole(watcher));
    const issued = await tokens.issue({ device: device('timed') });
    await tokens.revoke({ subject: { case: 'device', value: device('timed') } });
    const tokenId = issued.tokens?.tokenId;
    const told = () =>
      watcher.parts
        .flatMap((part) => (part.case === 'events' ? part.value.events : []))
        .find(({ event }) => event.case === 'ended' && uuidOf(event.value.tokenId) === tokenId);
    await until('the end is told', () => told() !== undefined);
    const redis = redisClient(server.redisUrl);
    try {
      const primaries = await primariesOf(redis);
      const feeds = (await Promise.all(primaries.map((each) => each.keys('*:feed')))).flat();
      const entries = await Promise.all(feeds.map((feed) => redis.xrange(feed, '-', '+')));
      const text = `${told()?.revision} REVOKE `;
      const [entryId = ''] =
        entries
          .flat()
          .find(([, [, event = '']]) => event.startsWith(text) && event.includes(`${tokenId}`)) ??
        [];
      expect(entryId).not.toBe('');
      expect(told()).toMatchObject({
        entryId,
        time: timestampFromMs(Number(entryId.split('-')[0])),
      });
    } finally {
      redis.disconnect();
    }
    await watcher.close();
  });

  test('waits for the lease of an edge that does not confirm', async () => {
    const tokens = server.client(TokenService);
    const edge = watchFeed(server, { edge: true }, { acknowledge: false });
    await until('it has a lease', () =>
      edge.parts.some((part) => part.case === 'checkpoint' && part.value.renewal > 0n),
    );
    await tokens.issue({ device: device('silent') });
    const call = {
      subject: { case: 'device', value: device('silent') },
      fence: Fence.EDGES,
    } as const;
    const short = await failureOf(other.client(TokenService).revoke(call));
    expect(short).toMatchObject({ code: 'Unavailable', reason: 'EDGES_UNCONFIRMED' });
    expect(short.retryAfterMs).toBeGreaterThan(0);
    // Applied, and safe to repeat.
    const again = await tokens.revoke(call, { timeoutMs: 10_000 });
    expect(again).toMatchObject({ revokedCount: 0 });
    expect(again.fence).toBeDefined();
    await edge.close();
  });

  test('is there for users, tenants, keys and new sessions too', async () => {
    const tokens = server.client(TokenService);
    const options = { timeoutMs: 15_000 };
    await tokens.issue({ device: device('all') });
    const superseding = await tokens.issue({ device: device('all'), fence: Fence.EDGES }, options);
    expect(superseding).toMatchObject({ fence: { $typeName: 'signum.v1.FenceReached' } });
    expect(superseding.supersededSessionId).not.toBe('');
    const user = { tenantId: 'acme', userId: 'all', fence: Fence.EDGES };
    expect((await tokens.revokeUser(user, options)).fence).toBeDefined();
    const tenant = await tokens.revokeTenant({ tenantId: 'gone', fence: Fence.EDGES }, options);
    expect(tenant.fence).toBeDefined();
    const keys = server.client(KeyService);
    // With a successor, so that what comes after can be signed.
    const { key: spare } = await keys.rotateKey({});
    const keyId = spare?.keyId ?? '';
    const key = await keys.revokeKey({ keyId, fence: Fence.EDGES }, options);
    expect(key).toMatchObject({ key: { keyId }, fence: { $typeName: 'signum.v1.FenceReached' } });
    expect((await keys.revokeKey({ keyId }, options)).fence).toBeUndefined();
    const plain = await tokens.revokeUser({ tenantId: 'acme', userId: 'all' });
    expect(plain.fence).toBeUndefined();
  });

  test('is not for whoever has no more than a token', async () => {
    const tokens = server.client(TokenService);
    const issued = await tokens.issue({ device: device('holder') });
    const token = issued.tokens?.refreshToken ?? '';
    const anonymous = server.client(TokenService, null);
    const call = anonymous.revoke({ subject: { case: 'token', value: token }, fence: Fence.EDGES });
    expect(await reasonOf(call)).toBe('PERMISSION_DENIED');
  });
});

describe.each(['connect', 'connect-h1', 'grpc-web', 'grpc'] as const)(
  'the holder of a session, over %s',
  (protocol) => {
    const collect = (refreshToken: string, credential: string | null) => {
      const address = protocol === 'grpc' ? `https://${server.grpcAddress}` : server.address;
      const client = createClient(
        TokenService,
        transportTo(address, server.ca, credential, protocol),
      );
      const told: WatchSessionResponse[] = [];
      const done = (async () => {
        for await (const each of client.watchSession({ refreshToken })) told.push(each);
      })();
      return { told, done };
    };

    test('hears when and why it ends, by access token as by refresh token', async () => {
      const tokens = server.client(TokenService);
      const issued = await tokens.issue({ device: device(`w-${protocol}`) });
      const { accessToken = '', refreshToken = '', sessionId } = issued.tokens ?? {};
      const watches = [collect('', accessToken), collect(refreshToken, null)];
      await until('both watch', () => watches.every(({ told }) => told.length > 0));
      expect(watches[0]?.told[0]).toMatchObject({ sessionId, ended: false });
      await tokens.revoke({
        subject: { case: 'device', value: device(`w-${protocol}`) },
        reason: RevocationReason.ADMIN,
      });
      for (const { told, done } of watches) {
        await done;
        expect(told.at(-1)).toMatchObject({
          sessionId,
          ended: true,
          reason: RevocationReason.ADMIN,
        });
        expect(told.at(-1)?.endTime).toBeDefined();
      }
    });

    test('watches it on four streams at once, and no more', async () => {
      const tokens = server.client(TokenService);
      const issued = await tokens.issue({ device: device(`y-${protocol}`) });
      const refreshToken = issued.tokens?.refreshToken ?? '';
      const watches = Array.from({ length: 4 }, () => collect(refreshToken, null));
      await until('four watch', () => watches.every(({ told }) => told.length > 0));
      expect(await reasonOf(collect(refreshToken, null).done)).toBe('OVERLOADED');
      await tokens.revoke({ subject: { case: 'device', value: device(`y-${protocol}`) } });
      await Promise.all(watches.map(({ done }) => done));
    });

    test('is told at once of a session that is over, and by nobody without a token', async () => {
      const tokens = server.client(TokenService);
      const issued = await tokens.issue({ device: device(`x-${protocol}`) });
      await tokens.revokeTenant({ tenantId: 'nobody' });
      await tokens.revoke({ subject: { case: 'device', value: device(`x-${protocol}`) } });
      const { told, done } = collect(issued.tokens?.refreshToken ?? '', null);
      await done;
      expect(told).toMatchObject([{ ended: true, reason: RevocationReason.LOGOUT }]);
      expect(await reasonOf(collect('', null).done)).toBe('CREDENTIAL_MISSING');
      expect(await reasonOf(collect('x.y.z', null).done)).toBe('TOKEN_INVALID');
    });
  },
);
