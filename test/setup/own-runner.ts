import type { Redis } from 'ioredis';
import { connect, createClient } from '../../src/store/client/client.ts';
import { Runner } from '../../src/store/dispatch/runner.ts';
import { startTestRedis } from './redis.ts';

/** A runner on a Redis of its own: for tests that break its connection, or count what it runs. */
export async function startOwnRunner() {
  const redis = await startTestRedis();
  const settings = { url: redis.url, commandTimeoutMs: 1000, connectTimeoutMs: 1000, name: 'test' };
  const client = createClient(settings) as Redis;
  client.on('error', () => undefined);
  await connect(client, 5000);
  return {
    client,
    runner: new Runner(client, client),
    async stop() {
      client.disconnect();
      await redis.stop();
    },
  };
}
