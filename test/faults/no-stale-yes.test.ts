import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { SignumError } from '../../src/domain/errors.ts';
import { connect, createClient } from '../../src/store/client/client.ts';
import { Runner } from '../../src/store/dispatch/runner.ts';
import { issue } from '../../src/store/sessions/issue.ts';
import { revokeDevice } from '../../src/store/sessions/revoke.ts';
import { validate } from '../../src/store/sessions/validate.ts';
import type { Store } from '../../src/store/store.ts';
import {
  isWritable,
  manyDevices,
  openImpatientStore,
  reasonOf,
  SILENCE_MS,
  within,
} from '../setup/impatient-store.ts';
import type { RedisNode } from '../setup/redis-node.ts';
import { type RedisSentinel, startSentinel } from '../setup/redis-sentinel.ts';
import { planFor } from '../setup/store.ts';
import { until } from '../setup/until.ts';

// Failovers take seconds, and longer on a busy machine.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const LOGOUT = { reason: 'LOGOUT', by: 'test', durability: { replicas: 2, fsync: false } } as const;

let sentinel: RedisSentinel;
let store: Store;

beforeAll(async () => {
  sentinel = await startSentinel();
  store = await openImpatientStore(sentinel.url);
  await isWritable(store);
});
afterAll(async () => {
  await store?.close();
  await sentinel?.stop();
});

async function begin(label: string) {
  const device = manyDevices(label, 1)[0]!;
  const plan = planFor(device);
  expect((await issue(store, plan, within(5000))).status).toBe('ISSUED');
  return { ...device, tokenId: plan.tokenId };
}

/** Asks one server for a verdict, whatever its role. */
async function verdictOf(node: RedisNode, ref: Awaited<ReturnType<typeof begin>>) {
  const settings = { commandTimeoutMs: SILENCE_MS, connectTimeoutMs: 1000, name: 'straight' };
  const client = createClient({ url: node.url, ...settings }) as Redis;
  client.on('error', () => undefined);
  try {
    await connect(client, 2000);
    const runner = new Runner(client, client);
    return await validate({ ...store, runner }, ref, within(1000)).then(
      ({ status }) => status,
      (error) => (error instanceof SignumError ? error.metadata['store_code'] : error),
    );
  } finally {
    client.disconnect();
  }
}

test('a replica gives no verdict', async () => {
  const ref = await begin('replica');
  const primary = await sentinel.primary();
  const [replica] = sentinel.nodes.filter((node) => node !== primary);
  expect(await verdictOf(primary, ref)).toBe('ACTIVE');
  expect(await verdictOf(replica!, ref)).toBe('READONLY');
});

test('a primary that has lost its replicas gives no verdict, before another takes its place', async () => {
  const ref = await begin('isolated');
  const primary = await sentinel.primary();
  const replicas = sentinel.nodes.filter((node) => node !== primary);
  for (const node of replicas) node.signal('SIGSTOP');
  try {
    await until(
      'it gives no verdict',
      async () => (await verdictOf(primary, ref)) === 'NOREPLICAS',
    );
    expect(await reasonOf(validate(store, ref, within(1000)))).toBe('STORE_UNAVAILABLE');
  } finally {
    for (const node of replicas) node.signal('SIGCONT');
  }
  await until('it does again', async () => (await verdictOf(primary, ref)) === 'ACTIVE');
});

test('a stopped primary that comes back after a failover gives no verdict on what it missed', async () => {
  const ref = await begin('deposed');
  await sentinel.settled();
  const deposed = await sentinel.primary();
  deposed.signal('SIGSTOP');
  await until('another takes its place', async () => (await sentinel.primary()) !== deposed);
  await until('the store takes writes again', () => isWritable(store));
  // The replica that is left has to follow the new primary first; until then nothing is confirmed.
  await until('it is revoked, and a replica has it', async () => {
    const durability = { replicas: 1, fsync: false };
    await revokeDevice(store, ref, {}, { ...LOGOUT, durability }, within(3000));
    return true;
  });
  deposed.signal('SIGCONT');
  const verdicts = new Set<unknown>();
  await until('it follows the new primary', async () => {
    const verdict = await verdictOf(deposed, ref);
    verdicts.add(verdict);
    return verdict === 'READONLY';
  });
  expect(verdicts).not.toContain('ACTIVE');
  const look = await validate(store, ref, within(3000));
  expect(look.status).toBe('REVOKED');
});
