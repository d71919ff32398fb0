import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, createClient, type RedisClient } from '../../src/store/client/client.ts';
import { Runner } from '../../src/store/dispatch/runner.ts';
import { issue } from '../../src/store/sessions/issue.ts';
import { validate } from '../../src/store/sessions/validate.ts';
import type { Store } from '../../src/store/store.ts';
import {
  isWritable,
  manyDevices,
  openImpatientStore,
  reasonOf,
  within,
} from '../setup/impatient-store.ts';
import { startTestRedis } from '../setup/redis.ts';
import { planFor } from '../setup/store.ts';
import { startTcpProxy, type TcpProxy } from '../setup/tcp-proxy.ts';

let stop: () => Promise<void>;
let proxy: TcpProxy;
let client: RedisClient;
let store: Store;

beforeAll(async () => {
  const redis = await startTestRedis();
  stop = redis.stop;
  proxy = await startTcpProxy(redis.port);
  const url = `redis://127.0.0.1:${proxy.port}`;
  const whole = await openImpatientStore(url);
  client = createClient({ url, commandTimeoutMs: 5000, connectTimeoutMs: 1000, name: 'bounded' });
  client.on('error', () => undefined);
  await connect(client, 5000);
  const runner = new Runner(client, client, { silenceMs: 5000, bounds: { read: 8, write: 8 } });
  store = { ...whole, runner, close: whole.close };
  await isWritable(whole);
});
afterAll(async () => {
  await store?.close();
  client?.disconnect();
  await proxy?.stop();
  await stop?.();
});

function counts(reasons: readonly string[]): Record<string, number> {
  const counted: Record<string, number> = {};
  for (const reason of reasons) counted[reason] = (counted[reason] ?? 0) + 1;
  return counted;
}

test('what comes on top of what can be finished is refused at once, each kind for itself', async () => {
  proxy.delay(150);
  const devices = manyDevices('over', 12);
  const writes = devices.map((device) => reasonOf(issue(store, planFor(device), within(3000))));
  const reads = devices.map((device) =>
    reasonOf(validate(store, { ...device, tokenId: 'none' }, within(3000))),
  );
  expect(counts(await Promise.all(writes))).toEqual({ OK: 8, OVERLOADED: 4 });
  expect(counts(await Promise.all(reads))).toEqual({ OK: 8, OVERLOADED: 4 });
  proxy.delay(0);
});

test('places are given back, after success and after failure', async () => {
  const [device] = manyDevices('again', 1);
  for (let i = 0; i < 20; i++) {
    expect(await reasonOf(issue(store, planFor(device!), within(3000)))).toBe('OK');
    expect(await reasonOf(issue(store, planFor(device!), within(0)))).toBe('DEADLINE_EXCEEDED');
  }
});
