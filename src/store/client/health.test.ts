import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestRedis } from '../../../test/setup/redis.ts';
import { startRedisCluster } from '../../../test/setup/redis-cluster.ts';
import { ask, startSentinel } from '../../../test/setup/redis-sentinel.ts';
import type { RedisProcess } from '../../dev/redis-process.ts';
import { Runner } from '../dispatch/runner.ts';
import { connect, createClient } from './client.ts';
import { checkHealth, judge, parseInfo } from './health.ts';

let redis: RedisProcess;
beforeAll(async () => {
  redis = await startTestRedis();
});
afterAll(() => redis.stop());

/** The subjects of what is found, and how bad each is. */
async function findingsAt(url: string): Promise<Record<string, string>> {
  const client = createClient({
    url,
    commandTimeoutMs: 1000,
    connectTimeoutMs: 1000,
    name: 'test',
  });
  client.on('error', () => undefined);
  try {
    await connect(client, 5000);
    const runner = new Runner(client, client);
    const findings = await checkHealth(runner, { deadlineAtMs: performance.now() + 5000 });
    return Object.fromEntries(findings.map(({ subject, severity }) => [subject, severity]));
  } finally {
    client.disconnect();
  }
}

async function set(name: string, value: string): Promise<void> {
  await ask(redis.port, (admin: Redis) => admin.config('SET', name, value));
}

test('a server that is set as it should be has no findings', async () => {
  expect(await findingsAt(redis.url)).toEqual({});
});

test('eviction is an error, and no append-only file a warning', async () => {
  await set('maxmemory-policy', 'allkeys-lru');
  await set('appendonly', 'no');
  expect(await findingsAt(redis.url)).toEqual({
    'maxmemory-policy': 'error',
    appendonly: 'warning',
  });
  await set('maxmemory-policy', 'noeviction');
  await set('appendonly', 'yes');
});

test('a user without the right to CONFIG is enough', async () => {
  const rules = ['on', '>secret', '~signum:*', '+info', '+ping', '+client', '+hello', '+select'];
  await ask(redis.port, (admin) => admin.call('ACL', 'SETUSER', 'service', ...rules));
  await set('maxmemory-policy', 'volatile-lru');
  const url = redis.url.replace('redis://', 'redis://service:secret@');
  expect(await findingsAt(url)).toEqual({ 'maxmemory-policy': 'error' });
  await set('maxmemory-policy', 'noeviction');
});

test('replicas without min-replicas-to-write are a warning; a replica is no primary', async () => {
  const sentinel = await startSentinel({ replicas: 1 });
  try {
    const primary = await sentinel.primary();
    const replica = sentinel.nodes.find((node) => node !== primary);
    expect(await findingsAt(sentinel.url)).toEqual({});
    expect(await findingsAt(replica?.url ?? '')).toEqual({ role: 'error' });
    await ask(primary.port, (admin) => admin.config('SET', 'min-replicas-to-write', '0'));
    expect(await findingsAt(sentinel.url)).toEqual({ 'min-replicas-to-write': 'warning' });
  } finally {
    await sentinel.stop();
  }
});

test('a cluster that lacks slots is an error', () => {
  const info =
    'role:master\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\ncluster_state:fail\r\n';
  expect(judge(parseInfo(info)).map(({ subject }) => subject)).toEqual(['cluster_state']);
});

test('every primary of a cluster is looked at', async () => {
  const cluster = await startRedisCluster();
  try {
    expect(await findingsAt(cluster.url)).toEqual({});
    const last = cluster.nodes.at(-1)?.port ?? 0;
    await ask(last, (admin) => admin.config('SET', 'maxmemory-policy', 'allkeys-lru'));
    expect(await findingsAt(cluster.url)).toEqual({ 'maxmemory-policy': 'error' });
  } finally {
    await cluster.stop();
  }
});

test('a version that cannot do what is wanted is an error, and names itself', () => {
  const about = (version: string, fsync: boolean) =>
    judge(
      parseInfo(
        `role:master\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\nredis_version:${version}\r\n`,
      ),
      { fsync },
    ).map(({ severity, subject, problem }) => `${severity} ${subject} ${problem}`);
  expect(about('6.2.14', false)).toEqual([expect.stringMatching(/^error version .*6\.2\.14/)]);
  expect(about('7.0.15', false)).toEqual([]);
  expect(about('7.0.15', true)).toEqual([expect.stringMatching(/^error version .*7\.0\.15/)]);
  expect(about('7.2.4', true)).toEqual([]);
  expect(about('10.0.0', true)).toEqual([]);
});
