import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { explainFailure } from '../../src/cli/failure/explain-failure.ts';
import { clientCertificate, developmentCertificates } from '../../src/dev/certificates.ts';
import type { RedisSettings } from '../../src/store/client/client.ts';
import { openStore } from '../../src/store/store.ts';
import { startTestRedis } from '../setup/redis.ts';
import { startRedisCluster } from '../setup/redis-cluster.ts';
import { RedisNode, type RedisTls } from '../setup/redis-node.ts';
import { ask, startSentinel } from '../setup/redis-sentinel.ts';
import { openTestStore, TEST_POLICY } from '../setup/store.ts';
import { until } from '../setup/until.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

let dir: string;
let own: RedisTls;
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'signum-test-misfits-'));
  const server = await developmentCertificates(dir);
  own = { ...server, client: await clientCertificate(dir, 'redis') };
});
afterAll(async () => {
  await Promise.all(stops.map((stop) => stop()));
  rmSync(dir, { recursive: true, force: true });
});

function open(url: string, other: Partial<RedisSettings> = {}) {
  return openStore({
    redis: { url, commandTimeoutMs: 1000, connectTimeoutMs: 1000, name: 'signum-test', ...other },
    partitions: 4,
    leaseMs: 5_000,
    policy: TEST_POLICY,
    onConnectionError: () => undefined,
  });
}

/** What the command line says of a start that fails. */
async function told(start: Promise<{ close(): Promise<void> }>) {
  try {
    await (await start).close();
  } catch (error) {
    return explainFailure(error);
  }
  throw new Error('it started');
}

async function startTls(asksClients: boolean): Promise<RedisNode> {
  const args = ['--appendonly', 'no'];
  const options = { dir: join(dir, `tls-${asksClients}`), args, tls: { ...own, asksClients } };
  const node = await RedisNode.start(options);
  stops.push(() => node.destroy());
  await until('it answers', () => ask(node.port, async (r) => (await r.ping()) === 'PONG'));
  return node;
}

/** Configuration, not "try again", and the setting to change. */
const permanently = (setting: string, what: RegExp) => ({
  reason: 'CONFIG_INVALID',
  exitCode: 2,
  message: expect.stringMatching(new RegExp(`(?=.*${setting})(?=.*${what.source})`, 's')),
});

describe('a Redis that does not fit is told at once, by the setting to change', () => {
  test('a node of a Cluster behind redis://, and no Cluster behind redis+cluster://', async () => {
    const cluster = await startRedisCluster();
    stops.push(() => cluster.stop());
    const [node] = cluster.nodes;
    expect(await told(open(node?.url ?? ''))).toMatchObject(
      permanently('SIGNUM_REDIS_URL', /redis\+cluster:\/\//),
    );
    const redis = await startTestRedis();
    stops.push(redis.stop);
    const url = redis.url.replace('redis:', 'redis+cluster:');
    expect(await told(open(url))).toMatchObject(permanently('SIGNUM_REDIS_URL', /no Cluster/));
  });

  test('a replica, a Sentinel, no Sentinel, and a primary that no Sentinel knows', async () => {
    const sentinel = await startSentinel({ replicas: 1 });
    stops.push(() => sentinel.stop());
    const primary = await sentinel.primary();
    const replica = sentinel.nodes.find((node) => node !== primary)?.url ?? '';
    expect(await told(open(replica))).toMatchObject(permanently('SIGNUM_REDIS_URL', /a replica/));
    const [first] = sentinel.sentinels;
    expect(await told(open(first?.url ?? ''))).toMatchObject(
      permanently('SIGNUM_REDIS_URL', /redis\+sentinel:\/\//),
    );
    const asSentinel = `redis+sentinel://127.0.0.1:${primary.port}/signum`;
    expect(await told(open(asSentinel))).toMatchObject(
      permanently('SIGNUM_REDIS_URL', /no Sentinel/),
    );
    const unknown = sentinel.url.replace('/signum', '/other');
    expect(await told(open(unknown))).toMatchObject(permanently('SIGNUM_REDIS_URL', /of the name/));
  });

  test('TLS where there is none, none where there is, and what is not trusted', async () => {
    const node = await startTls(false);
    const plain = `redis://127.0.0.1:${node.publicPort}`;
    expect(await told(open(plain))).toMatchObject(permanently('SIGNUM_REDIS_URL', /rediss/));
    const encrypted = `rediss://127.0.0.1:${node.port}`;
    const { caFile } = own;
    expect(await told(open(encrypted, { caFile }))).toMatchObject(
      permanently('SIGNUM_REDIS_URL', /does not speak TLS/),
    );
    const right = `rediss://127.0.0.1:${node.publicPort}`;
    expect(await told(open(right))).toMatchObject(permanently('SIGNUM_REDIS_CA_FILE', /trusted/));
    expect(await told(open(right, { caFile: own.keyFile }))).toMatchObject(
      permanently('SIGNUM_REDIS_CA_FILE', /no PEM certificate/),
    );
  });

  test('a certificate of clients that is missing', async () => {
    const node = await startTls(true);
    const url = `rediss://127.0.0.1:${node.publicPort}`;
    const { caFile } = own;
    expect(await told(open(url, { caFile }))).toMatchObject(
      permanently('SIGNUM_REDIS_CERT_FILE', /certificate/),
    );
    const store = await open(url, { caFile, ...own.client });
    await store.close();
  });

  test('a database that there is not, one that the user may not select, and passwords', async () => {
    const redis = await startTestRedis();
    stops.push(redis.stop);
    const at = (credentials: string, db = '') => redis.url.replace('://', `://${credentials}`) + db;
    expect(await told(open(`${redis.url}/16`))).toMatchObject(
      permanently('SIGNUM_REDIS_URL', /no database 16/),
    );
    const admin = new Redis(redis.url);
    await admin.call('ACL', 'SETUSER', 'ada', 'on', '>right', '~*', '&*', '+@all', '-select');
    await admin.call('ACL', 'SETUSER', 'eve', 'on', '>right', '~other', '&*', '+@all');
    expect(await told(open(at('ada:right@', '/3')))).toMatchObject(
      permanently('SIGNUM_REDIS_URL', /may not SELECT database 3/),
    );
    const right = await open(at('ada:right@'));
    await right.close();
    expect(await told(open(at('ada:wrong@')))).toMatchObject(
      permanently('SIGNUM_REDIS_URL', /wrong password for user ada/),
    );
    expect(await told(open(at(':needless@')))).toMatchObject(
      permanently('SIGNUM_REDIS_URL', /wants none/),
    );
    expect(await told(open(at('eve:right@')))).toMatchObject(permanently('users.acl', /rights/));
    await admin.call('CONFIG', 'SET', 'requirepass', 'secret');
    expect(await told(open(redis.url))).toMatchObject(
      permanently('SIGNUM_REDIS_URL', /wants a password/),
    );
    admin.disconnect();
  });

  test('a database of somebody else, and another number of partitions', async () => {
    const redis = await startTestRedis();
    stops.push(redis.stop);
    const admin = new Redis(redis.url);
    await admin.set('signum:meta', 'something else');
    expect(await told(open(redis.url))).toMatchObject(permanently('SIGNUM_REDIS_URL', /WRONGTYPE/));
    await admin.del('signum:meta');
    await (await open(redis.url)).close();
    expect(await told(openTestStore({}, redis.url, 8))).toMatchObject(
      permanently('SIGNUM_PARTITIONS', /4/),
    );
    admin.disconnect();
  });
});
