import { setImmediate as turn } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestRedis } from '../../test/setup/redis.ts';
import type { RedisProcess } from '../dev/redis-process.ts';
import { connect, createClient } from './client.ts';
import { Runner } from './runner.ts';
import { SCRIPTS } from './script.ts';

let redis: RedisProcess;
let client: Redis;
let runner: Runner;
beforeAll(async () => {
  redis = await startTestRedis();
  const settings = { url: redis.url, commandTimeoutMs: 1000, connectTimeoutMs: 1000, name: 'test' };
  client = createClient(settings) as Redis;
  client.on('error', () => undefined);
  await connect(client, 5000);
  runner = new Runner(client, client);
});
afterAll(async () => {
  client.disconnect();
  await redis.stop();
});

const touch = () =>
  runner.run(SCRIPTS.touch, ['counter'], [], { deadlineAtMs: performance.now() + 5000 });

/** Until another stream has taken the place of a lost one. */
const replaced = (lost: Redis['stream']) =>
  expect.poll(() => client.status === 'ready' && client.stream !== lost).toBe(true);

test('what is sent in one turn of the event loop is written at its end, all of it', async () => {
  const { stream } = client;
  const sent = [touch(), touch(), touch()];
  expect(stream.writableCorked).toBe(1);
  await turn();
  expect(stream.writableCorked).toBe(0);
  expect(await Promise.all(sent)).toEqual([0, 0, 0]);
});

test('a stream that is replaced while it is held back leaves neither it nor the next one held', async () => {
  const { stream: lost } = client;
  const unanswered = touch();
  lost.destroy();
  await expect(unanswered).rejects.toMatchObject({ reason: 'STORE_UNAVAILABLE' });
  await replaced(lost);
  const answered = touch();
  await turn();
  expect([lost.writableCorked, client.stream.writableCorked]).toEqual([0, 0]);
  expect(await answered).toBe(0);
});

test('a connection that is closed in good order writes first what is held back', async () => {
  const { stream: lost } = client;
  const answered = touch();
  client.disconnect(true);
  expect(await answered).toBe(0);
  await replaced(lost);
  expect(await touch()).toBe(0);
});
