import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls, { type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { clientCertificate, developmentCertificates } from '../../src/dev/certificates.ts';
import { connect, createClient } from '../../src/store/client/client.ts';
import { issue } from '../../src/store/sessions/issue.ts';
import { revokeDevice } from '../../src/store/sessions/revoke.ts';
import { validate } from '../../src/store/sessions/validate.ts';
import { openStore } from '../../src/store/store.ts';
import { manyDevices, reasonOf, within } from '../setup/impatient-store.ts';
import { startRedisCluster } from '../setup/redis-cluster.ts';
import { RedisNode, type RedisTls } from '../setup/redis-node.ts';
import { ask, startSentinel } from '../setup/redis-sentinel.ts';
import { planFor, TEST_POLICY } from '../setup/store.ts';
import { until } from '../setup/until.ts';

// Failovers take seconds, and longer on a busy machine.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

/** A Redis that takes TLS, and whether a revocation can wait for a replica there. */
interface Subject {
  readonly url: string;
  readonly replicas: number;
  /** How many sockets a client opens, at the least. */
  readonly sockets: number;
  readonly failOver?: () => Promise<void>;
  stop(): Promise<void>;
}

const SUBJECTS: Readonly<Record<string, (tls: RedisTls, dir: string) => Promise<Subject>>> = {
  'rediss://': async (tls, dir) => {
    const node = await RedisNode.start({ dir: join(dir, 'redis'), args: [], tls });
    await until('it answers', () => ask(node.port, async (r) => (await r.ping()) === 'PONG'));
    const url = `rediss://127.0.0.1:${node.publicPort}`;
    return { url, replicas: 0, sockets: 1, stop: () => node.destroy() };
  },
  'rediss+sentinel://': async (tls) => {
    const sentinel = await startSentinel({ tls, replicas: 1 });
    const failOver = async () => {
      const before = await sentinel.primary();
      await sentinel.failover();
      await until('it is deposed', async () => (await sentinel.primary()) !== before);
      await sentinel.settled();
    };
    // To one Sentinel for the primary, to that, and to each Sentinel for news of a failover.
    const sockets = 1 + 1 + sentinel.sentinels.length;
    return { url: sentinel.url, replicas: 1, sockets, failOver, stop: () => sentinel.stop() };
  },
  'rediss+cluster://': async (tls) => {
    const cluster = await startRedisCluster({ tls, replicas: 1 });
    const failOver = async () => {
      const [first] = await cluster.primaries();
      if (!first) throw new Error('no primary');
      await cluster.failover(first);
      await until('it is deposed', async () => !(await cluster.primaries()).includes(first));
      await cluster.settled();
    };
    // To one node for the slots, and to each primary.
    const sockets = 1 + (await cluster.primaries()).length;
    return { url: cluster.url, replicas: 1, sockets, failOver, stop: () => cluster.stop() };
  },
};

describe.each(Object.entries(SUBJECTS))('%s', (scheme, start) => {
  let dir: string;
  let own: RedisTls;
  let foreign: { readonly caFile: string };
  let subject: Subject;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'signum-test-tls-'));
    for (const each of ['own', 'foreign']) mkdirSync(join(dir, each));
    const server = await developmentCertificates(join(dir, 'own'));
    own = { ...server, client: await clientCertificate(join(dir, 'own'), 'redis') };
    foreign = await developmentCertificates(join(dir, 'foreign'));
    subject = await start(own, dir);
    expect(subject.url.startsWith(scheme)).toBe(true);
  });
  afterAll(async () => {
    await subject?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const redis = (caFile: string, url = subject.url) => ({
    url,
    caFile,
    commandTimeoutMs: 1000,
    connectTimeoutMs: 1000,
    name: 'signum-test',
  });

  test('sessions live and end over TLS, before and after a failover', async () => {
    const store = await openStore({
      redis: redis(own.caFile),
      partitions: 16,
      leaseMs: 5_000,
      policy: TEST_POLICY,
      onConnectionError: () => undefined,
    });
    try {
      for (const round of subject.failOver ? ['before', 'after'] : ['before']) {
        const [probe, ...devices] = manyDevices(`tls-${round}`, 17);
        if (!probe) throw new Error('no devices');
        await until('the store takes writes', async () => {
          const reasons = devices.map((each) =>
            reasonOf(issue(store, planFor(each), within(2000))),
          );
          return (await Promise.all(reasons)).every((reason) => reason === 'OK');
        });
        const plan = planFor(probe);
        expect((await issue(store, plan, within(5000))).status).toBe('ISSUED');
        const ref = { ...probe, tokenId: plan.tokenId };
        expect((await validate(store, ref, within(5000))).status).toBe('ACTIVE');
        const durability = { replicas: subject.replicas, fsync: false };
        const revocation = { reason: 'LOGOUT', by: 'test', durability } as const;
        expect(await revokeDevice(store, probe, {}, revocation, within(5000))).toMatchObject({
          count: 1,
          reached: durability,
        });
        expect((await validate(store, ref, within(5000))).status).toBe('REVOKED');
        if (round === 'before') await subject.failOver?.();
      }
    } finally {
      await store.close();
    }
  });

  test('every socket of a client may fail more than once', async () => {
    const opened = vi.spyOn(tls, 'connect');
    const client = createClient(redis(own.caFile));
    client.on('error', () => undefined);
    try {
      await connect(client, 20_000);
      await until('all are open', () => opened.mock.results.length >= subject.sockets);
      for (const { value } of opened.mock.results) {
        const socket = value as TLSSocket;
        socket.emit('error', new Error('the first, which the client library listens for'));
        expect(() => socket.emit('error', new Error('the second'))).not.toThrow();
      }
    } finally {
      client.disconnect();
    }
  });

  test.each([
    ['whose authority is not trusted', () => redis(foreign.caFile)],
    [
      'by a client that speaks no TLS',
      () => redis(own.caFile, subject.url.replace('rediss', 'redis')),
    ],
  ])('no connection is made %s', async (_, settings) => {
    const client = createClient(settings());
    client.on('error', () => undefined);
    try {
      await expect(connect(client, 1500)).rejects.toThrow('connecting timed out');
    } finally {
      client.disconnect();
    }
  });
});
