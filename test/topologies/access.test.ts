import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import { clientCertificate, developmentCertificates } from '../../src/dev/certificates.ts';
import { storeSettings } from '../../src/server/parts/store-settings.ts';
import { issue } from '../../src/store/sessions/issue.ts';
import { validate } from '../../src/store/sessions/validate.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { MINIMAL } from '../setup/config-fixture.ts';
import { manyDevices, reasonOf, within } from '../setup/impatient-store.ts';
import { startTestRedis } from '../setup/redis.ts';
import { startRedisCluster } from '../setup/redis-cluster.ts';
import { RedisNode } from '../setup/redis-node.ts';
import { ask, startSentinel } from '../setup/redis-sentinel.ts';
import { planFor, TEST_POLICY } from '../setup/store.ts';
import { until } from '../setup/until.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

let dir: string;
const stops: (() => Promise<unknown>)[] = [];

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'signum-test-access-'));
});
afterAll(async () => {
  await Promise.all(stops.map((stop) => stop()));
  rmSync(dir, { recursive: true, force: true });
});

async function open(redis: { readonly url: string; readonly [file: string]: string }) {
  const store = await openStore({
    redis: { commandTimeoutMs: 1000, connectTimeoutMs: 1000, name: 'signum-test', ...redis },
    partitions: 16,
    leaseMs: 5_000,
    policy: TEST_POLICY,
    onConnectionError: () => undefined,
  });
  stops.unshift(() => store.close());
  return store;
}

/** Whether a session begins and is found. */
async function isServed(store: Store, label: string): Promise<boolean> {
  const [device] = manyDevices(label, 1);
  if (!device) return false;
  const plan = planFor(device);
  if ((await reasonOf(issue(store, plan, within(2000)))) !== 'OK') return false;
  const look = await validate(store, { ...device, tokenId: plan.tokenId }, within(2000));
  return look.status === 'ACTIVE';
}

const keysIn = (redis: Redis, db: number) =>
  redis
    .info('keyspace')
    .then((info) => Number(new RegExp(`db${db}:keys=(\\d+)`).exec(info)?.[1] ?? 0));

/** Ends the connections of the service, which are made anew. */
async function drop(admin: Redis): Promise<void> {
  await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
}

test('a database that can no longer be selected is not served from another one', async () => {
  const redis = await startTestRedis();
  stops.push(redis.stop);
  const admin = new Redis(redis.url);
  stops.push(async () => admin.disconnect());
  await admin.call('ACL', 'SETUSER', 'ada', 'on', '>right', '~*', '&*', '+@all');
  const store = await open({ url: `${redis.url.replace('://', '://ada:right@')}/3` });
  expect(await isServed(store, 'before')).toBe(true);
  await admin.call('ACL', 'SETUSER', 'ada', '-select');
  await drop(admin);
  const refused: string[] = [];
  await until('it has tried', async () => {
    const [device] = manyDevices('meanwhile', 1);
    refused.push(await reasonOf(issue(store, planFor(device!), within(500))));
    return refused.length >= 10;
  });
  expect(new Set(refused)).toEqual(new Set(['STORE_UNAVAILABLE']));
  expect(await keysIn(admin, 0)).toBe(0);
  await admin.call('ACL', 'SETUSER', 'ada', '+select');
  await until('it is served again', () => isServed(store, 'after'));
  expect(await keysIn(admin, 0)).toBe(0);
  expect(await keysIn(admin, 3)).toBeGreaterThan(0);
});

test('a password that changes counts from the next connection on, without a restart', async () => {
  const redis = await startTestRedis();
  stops.push(redis.stop);
  const admin = new Redis(redis.url);
  stops.push(async () => admin.disconnect());
  await admin.call('ACL', 'SETUSER', 'ada', 'on', '>first', '~*', '&*', '+@all');
  const passwordFile = join(dir, 'password');
  writeFileSync(passwordFile, 'first\n');
  const store = await open({ url: redis.url.replace('://', '://ada@'), passwordFile });
  expect(await isServed(store, 'first')).toBe(true);
  await admin.call('ACL', 'SETUSER', 'ada', 'resetpass', '>second');
  await drop(admin);
  expect(await isServed(store, 'neither')).toBe(false);
  writeFileSync(passwordFile, 'second\n');
  await until('it is served again', () => isServed(store, 'second'));
});

test('an authority and a certificate of clients that change count as well', async () => {
  const folders = ['old', 'new'].map((name) => join(dir, name));
  const [old, next] = await Promise.all(
    folders.map(async (folder) => {
      mkdirSync(folder);
      const server = await developmentCertificates(folder);
      return { ...server, client: await clientCertificate(folder, 'redis'), asksClients: true };
    }),
  );
  const start = async (tls: NonNullable<typeof old>, port?: number) => {
    const at = port === undefined ? {} : { port };
    const node = await RedisNode.start({ dir: join(dir, 'tls'), args: [], tls, ...at });
    await until('it answers', () => ask(node.port, async (r) => (await r.ping()) === 'PONG'));
    return node;
  };
  const node = await start(old!);
  stops.push(() => node.destroy());
  const files = {
    caFile: join(dir, 'ca.pem'),
    certFile: join(dir, 'cert.pem'),
    keyFile: join(dir, 'key.pem'),
  };
  const install = ({ caFile, client }: NonNullable<typeof old>) => {
    copyFileSync(caFile, files.caFile);
    copyFileSync(client.certFile, files.certFile);
    copyFileSync(client.keyFile, files.keyFile);
  };
  install(old!);
  const store = await open({ url: `valkeys://127.0.0.1:${node.publicPort}`, ...files });
  expect(await isServed(store, 'old')).toBe(true);
  await ask(node.port, async (r) => {
    await r.call(
      'CONFIG',
      'SET',
      'tls-cert-file',
      next!.certFile,
      'tls-key-file',
      next!.keyFile,
      'tls-ca-cert-file',
      next!.caFile,
    );
    await r.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  });
  expect(await isServed(store, 'neither')).toBe(false);
  install(next!);
  await until('it is served again', () => isServed(store, 'new'));
});

test('a Unix socket', async () => {
  const path = join(dir, 'redis.sock');
  const redis = await startTestRedis({ extraArgs: ['--unixsocket', path] });
  stops.push(redis.stop);
  const store = await open({ url: `redis+unix://${path}?db=2` });
  expect(await isServed(store, 'socket')).toBe(true);
});

test('a user of Sentinel, a user of Redis, and a database behind Sentinel', async () => {
  const sentinel = await startSentinel({ replicas: 1 });
  stops.push(() => sentinel.stop());
  const servers = [...sentinel.nodes, ...sentinel.sentinels];
  await Promise.all(
    servers.map(({ port }) =>
      ask(port, (r) => r.call('ACL', 'SETUSER', 'ada', 'on', `>${port}`, '~*', '&*', '+@all')),
    ),
  );
  await Promise.all(
    servers.map(({ port }, i) => {
      const password = i < sentinel.nodes.length ? 'redis-pw' : 'sentinel-pw';
      return ask(port, (r) => r.call('ACL', 'SETUSER', 'ada', 'resetpass', `>${password}`));
    }),
  );
  await Promise.all(
    sentinel.sentinels.map(({ port }) =>
      ask(port, (r) => r.call('ACL', 'SETUSER', 'default', 'off')),
    ),
  );
  const primary = sentinel.nodes[0]!;
  const url = sentinel.url
    .replace('://', '://ada:redis-pw@')
    .replace('/signum', '/signum/5?sentinel_username=ada&sentinel_password=sentinel-pw');
  const store = await open({ url });
  expect(await isServed(store, 'behind')).toBe(true);
  const admin = new Redis(primary.port);
  stops.unshift(async () => admin.disconnect());
  expect(await keysIn(admin, 0)).toBe(0);
  expect(await keysIn(admin, 5)).toBeGreaterThan(0);
});

/** What a server reads its configuration from, with the address of Redis in a file. */
async function openByUrlFile(urlFile: string, caFile?: string): Promise<Store> {
  const { SIGNUM_REDIS_URL: _, ...env } = MINIMAL;
  const config = loadConfig({
    ...env,
    SIGNUM_REDIS_URL_FILE: urlFile,
    SIGNUM_REDIS_COMMAND_TIMEOUT: '1s',
    ...(caFile !== undefined && { SIGNUM_REDIS_CA_FILE: caFile }),
  });
  const store = await openStore(storeSettings(config, () => undefined));
  stops.unshift(() => store.close());
  return store;
}

interface Topology {
  /** With the password in it. */
  url(password: string): string;
  /** Every server that has users. */
  readonly ports: readonly number[];
  stop(): Promise<unknown>;
}

const TOPOLOGIES: { readonly [name: string]: () => Promise<Topology> } = {
  async standalone() {
    const redis = await startTestRedis();
    const url = (password: string) => redis.url.replace('://', `://ada:${password}@`);
    return { url, ports: [redis.port], stop: redis.stop };
  },
  async sentinel() {
    const { url, nodes, sentinels, stop } = await startSentinel({ replicas: 1 });
    return {
      url: (password) =>
        `${url.replace('://', `://ada:${password}@`)}?sentinel_username=ada&sentinel_password=${password}`,
      ports: [...nodes, ...sentinels].map(({ port }) => port),
      stop,
    };
  },
  async cluster() {
    const { url, nodes, stop } = await startRedisCluster();
    return {
      url: (password) => url.replace('://', `://ada:${password}@`),
      ports: nodes.map(({ port }) => port),
      stop,
    };
  },
};

test.each(Object.keys(TOPOLOGIES))(
  'passwords in the file of the address that change count as well: %s',
  async (name) => {
    const topology = await (TOPOLOGIES[name] as () => Promise<Topology>)();
    stops.push(() => topology.stop());
    const everywhere = (...command: [string, ...string[]]) =>
      Promise.all(topology.ports.map((port) => ask(port, (r) => r.call(...command))));
    await everywhere('ACL', 'SETUSER', 'ada', 'on', '>first', '~*', '&*', '+@all');
    const urlFile = join(dir, `url-${name}`);
    writeFileSync(urlFile, `${topology.url('first')}\n`);
    const store = await openByUrlFile(urlFile);
    expect(await isServed(store, `${name}-first`)).toBe(true);

    await everywhere('ACL', 'SETUSER', 'ada', 'resetpass', '>second');
    // Whoever wants to know the primary needs the other password as well.
    await everywhere('CLIENT', 'KILL', 'USER', 'ada');
    expect(await isServed(store, `${name}-neither`)).toBe(false);
    writeFileSync(urlFile, topology.url('second'));
    expect(store.accessFault()).toBeUndefined();
    await until('it is served again', () => isServed(store, `${name}-second`));
  },
);

test('an address that leads elsewhere by now is told, and changes nothing', async () => {
  const redis = await startTestRedis();
  const other = await startTestRedis();
  stops.push(redis.stop, other.stop);
  const urlFile = join(dir, 'url-elsewhere');
  writeFileSync(urlFile, redis.url);
  const store = await openByUrlFile(urlFile);
  const admin = new Redis(redis.url);
  stops.unshift(async () => admin.disconnect());
  for (const [url, fault] of [
    [other.url.replace('://', '://:s3cret-of-the-other@'), /leads to another place/],
    ['redis://:s3cret@x@y', /more than one "@"/],
    ['', /is empty/],
  ] as const) {
    writeFileSync(urlFile, url);
    expect(store.accessFault()).toMatch(fault);
    expect(store.accessFault()).not.toContain('s3cret');
  }
  writeFileSync(urlFile, other.url.replace('://', '://:s3cret-of-the-other@'));
  await drop(admin);
  await until('it is served again', () => isServed(store, 'elsewhere'));
});
