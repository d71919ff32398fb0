import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { renderAcl } from '../../src/dev/redis-acl.ts';
import { checkHealth } from '../../src/store/client/health.ts';
import { issue } from '../../src/store/sessions/issue.ts';
import { revokeDevice } from '../../src/store/sessions/revoke.ts';
import { manyDevices, openImpatientStore, within } from '../setup/impatient-store.ts';
import { startRedisCluster } from '../setup/redis-cluster.ts';
import type { RedisNode } from '../setup/redis-node.ts';
import { ask, startSentinel } from '../setup/redis-sentinel.ts';
import { planFor } from '../setup/store.ts';

const TEMPLATE = readFileSync(new URL('../../deploy/redis/users.acl', import.meta.url), 'utf8');
const PASSWORD = 'p@ss:w/rd';

/** Adds the service's user, with no more rights than it is given in deploy/. */
async function addUser(node: RedisNode): Promise<void> {
  await ask(node.port, async (redis: Redis) => {
    const knownCommands = new Set((await redis.call('COMMAND', 'LIST')) as string[]);
    const acl = renderAcl(TEMPLATE, { password: PASSWORD, knownCommands });
    const line = acl.split('\n').find((each) => each.startsWith('user signum')) ?? '';
    const [, user = '', ...rules] = line.split(' ');
    await redis.call('ACL', 'SETUSER', user, ...rules);
  });
}

async function useEverything(url: string): Promise<void> {
  const login = `//signum:${encodeURIComponent(PASSWORD)}@`;
  const store = await openImpatientStore(url.replace('//', login), 2000);
  try {
    for (const device of manyDevices('acl', 16)) {
      expect((await issue(store, planFor(device), within(5000))).status).toBe('ISSUED');
      const durability = { replicas: 1, fsync: false };
      const revocation = { reason: 'LOGOUT', by: 'test', durability } as const;
      expect((await revokeDevice(store, device, {}, revocation, within(5000))).count).toBe(1);
    }
    expect(await checkHealth(store.runner, within(5000))).toEqual([]);
  } finally {
    await store.close();
  }
}

test("the service's own user is enough on a Cluster", async () => {
  const cluster = await startRedisCluster({ replicas: 1 });
  try {
    await Promise.all(cluster.nodes.map(addUser));
    await useEverything(cluster.url);
  } finally {
    await cluster.stop();
  }
});

test("the service's own user is enough behind Sentinel", async () => {
  const sentinel = await startSentinel();
  try {
    await Promise.all(sentinel.nodes.map(addUser));
    await useEverything(sentinel.url);
  } finally {
    await sentinel.stop();
  }
});
