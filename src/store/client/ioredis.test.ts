import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { Redis, type RedisOptions, SentinelConnector } from 'ioredis';
import { StandaloneConnector } from 'ioredis/built/connectors/index.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestRedis } from '../../../test/setup/redis.ts';
import type { RedisProcess } from '../../dev/redis-process.ts';

// What is used of the client library beside its types, and by which file.

let redis: RedisProcess;
let client: Redis & Record<string, unknown>;
beforeAll(async () => {
  redis = await startTestRedis();
  client = new Redis(redis.url) as typeof client;
  await client.ping();
});
afterAll(async () => {
  client?.disconnect();
  await redis?.stop();
});

test('the version is the one that the adapters were written for', () => {
  const read = (path: string) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
  const wanted = read('../../../package.json').dependencies.ioredis;
  expect(wanted).toMatch(/^\d+\.\d+\.\d+$/);
  expect(read('../../../node_modules/ioredis/package.json').version).toBe(wanted);
});

test('wire.ts: what is unanswered is in one queue, oldest first, with its command', async () => {
  const other = new Redis(redis.url) as typeof client;
  await other.ping();
  other.stream.removeAllListeners('data'); // The answer shall be ours.
  const queue = other['commandQueue'] as { push: unknown; shift(): unknown; length: number };
  expect(typeof queue.push).toBe('function');
  const reply = other.ping();
  expect(queue.length).toBe(1);
  const item = queue.shift() as { command: { name: string; resolve(value: unknown): void } };
  expect(item.command.name).toBe('ping');
  item.command.resolve('answered by hand');
  expect(await reply).toBe('answered by hand');
  other.disconnect();
});

test('wire.ts: errors go to handleReconnection, and the decoder is the first to listen', async () => {
  const other = new Redis(redis.url) as typeof client;
  await other.ping();
  expect(other['handleReconnection']).toHaveLength(2);
  const [first] = other.stream.listeners('data');
  expect(first).toBeTypeOf('function');
  other.stream.off('data', first as () => void);
  const silent = other.ping();
  await client.ping().catch(() => undefined);
  expect((other['commandQueue'] as { length: number }).length).toBe(1);
  other.disconnect();
  await expect(silent).rejects.toThrow();
});

test('connector.ts: a Sentinel is opened and asked by methods of these names', () => {
  const methods = SentinelConnector.prototype as unknown as Record<string, unknown>;
  expect(methods['connectToSentinel']).toHaveLength(2);
  expect(methods['resolve']).toHaveLength(1);
});

test('connector.ts: a socket that is handed over closed is told with why, and tried again', async () => {
  let attempts = 0;
  class Closed extends StandaloneConnector {
    override async connect(): Promise<Socket> {
      attempts += 1;
      this.firstError = new Error(`attempt ${attempts}`);
      return new Socket().destroy();
    }
  }
  const told: string[] = [];
  const Connector = Closed as unknown as NonNullable<RedisOptions['Connector']>;
  const failing = new Redis({ Connector, lazyConnect: true, retryStrategy: () => 1 });
  failing.on('error', (error) => told.push(error.message));
  failing.connect().catch(() => undefined);
  await expect.poll(() => told.slice(0, 2)).toEqual(['attempt 1', 'attempt 2']);
  failing.disconnect();
});

test('feed/link.ts: a connection knows the channels that it is subscribed to', async () => {
  const other = new Redis(redis.url) as typeof client;
  await other.ping();
  const condition = () =>
    other['condition'] as { subscriber?: { channels(kind: string): string[] } | undefined };
  expect(condition().subscriber).toBeFalsy();
  await other.ssubscribe('a');
  const { subscriber } = condition();
  expect(subscriber?.channels('ssubscribe')).toEqual(['a']);
  other.disconnect();
});
