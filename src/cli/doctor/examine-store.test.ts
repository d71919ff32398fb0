import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { startTestRedis } from '../../../test/setup/redis.ts';
import { startRedisCluster } from '../../../test/setup/redis-cluster.ts';
import { openTestStore, planFor, soon } from '../../../test/setup/store.ts';
import { renderAcl } from '../../dev/redis-acl.ts';
import { issue } from '../../store/sessions/issue.ts';
import { doctorConfig } from './doctor-config.ts';
import { examineStore } from './examine-store.ts';
import { isHealthy } from './finding.ts';

const ACL = new URL('../../../deploy/redis/users.acl', import.meta.url);

async function examine(url: string, env: Record<string, string> = {}) {
  const config = doctorConfig({ SIGNUM_PARTITIONS: '4', ...env }, url);
  if (!config) throw new Error('no Redis is named');
  const now = () => new Date();
  return examineStore({ config, limit: 10_000, now, onProgress: () => undefined });
}

async function fill(url: string): Promise<void> {
  const store = await openTestStore({}, url);
  for (let user = 0; user < 20; user++) {
    const device = { tenantId: 'acme', userId: `user-${user}`, deviceId: 'phone' };
    await issue(store, planFor(device), soon());
  }
  await store.close();
}

test('every primary of a Cluster is examined, and each key once', async () => {
  const cluster = await startRedisCluster();
  try {
    const url = cluster.url;
    await fill(url);
    const examinations = await examine(url);
    const areas = examinations.map(({ area }) => area.replace(/ at .*/, ''));
    expect(areas).toEqual(['Redis', 'Redis', 'Redis', 'Deployment', 'Edges', 'Keys']);
    expect(examinations.flatMap(({ findings }) => findings)).toEqual([]);
    expect(examinations.at(-1)?.facts.join()).toContain('20 active');
  } finally {
    await cluster.stop();
  }
});

test("the server's own Redis user is enough, and the report says what it cannot tell", async () => {
  const redis = await startTestRedis();
  const admin = new Redis(redis.url);
  try {
    await fill(redis.url);
    const knownCommands = new Set((await admin.call('COMMAND', 'LIST')) as string[]);
    const acl = renderAcl(readFileSync(ACL, 'utf8'), { password: 'secret', knownCommands });
    const [, user = '', ...rules] = acl
      .split('\n')
      .find((line) => line.startsWith('user signum '))!
      .split(' ');
    await admin.call('ACL', 'SETUSER', user, ...rules);
    const examinations = await examine(redis.url.replace('://', '://signum:secret@'));
    const findings = examinations.flatMap((each) => each.findings);
    expect(findings.map(({ severity, subject }) => [severity, subject])).toEqual([
      ['note', 'CONFIG'],
    ]);
    expect(isHealthy(findings)).toBe(true);
  } finally {
    admin.disconnect();
    await redis.stop();
  }
});

test('settings that lose or evict data are found', async () => {
  const redis = await startTestRedis({
    extraArgs: ['--maxmemory-policy', 'allkeys-lru', '--appendonly', 'no'],
  });
  try {
    await fill(redis.url);
    const findings = (await examine(redis.url)).flatMap((each) => each.findings);
    expect(findings.map(({ severity, subject }) => [severity, subject])).toEqual([
      ['error', 'maxmemory-policy'],
      ['warning', 'appendonly'],
    ]);
  } finally {
    await redis.stop();
  }
});

test('an empty Redis is no deployment, and an unreachable one is an error without its password', async () => {
  const redis = await startTestRedis();
  const empty = await examine(redis.url).finally(() => redis.stop());
  expect(empty.at(-1)?.findings).toMatchObject([{ subject: 'signum:meta', severity: 'warning' }]);

  const gone = await examine('redis://:hunter2@127.0.0.1:1');
  expect(gone).toMatchObject([{ findings: [{ severity: 'error', subject: 'redis' }] }]);
  expect(JSON.stringify(gone)).not.toContain('hunter2');
});

test('without any Redis named there is nothing to examine', () => {
  expect(doctorConfig({}, undefined)).toBeUndefined();
  const named = doctorConfig({ REDIS_URL: 'redis://127.0.0.1:7' }, 'redis://127.0.0.1:8');
  expect(named?.redis.url.reveal()).toBe('redis://127.0.0.1:7');
});
