import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { redisBinary } from '../../src/dev/redis-command.ts';
import { type RedisOptions, type RedisProcess, startRedis } from '../../src/dev/redis-process.ts';
import { primariesOf, redisClient } from './redis-client.ts';
import { wantedServer } from './redis-server.ts';

/**
 * URL of an empty database of the shared Redis, for one test file alone: each vitest worker has its
 * own. Behind Sentinel and in a Cluster there is only one, and the files take turns. The time,
 * `CONFIG` and `SCRIPT FLUSH` are shared; tests that change those start their own server with
 * `startTestRedis`.
 */
export async function emptyDatabaseUrl(): Promise<string> {
  const { topology, url: shared } = inject('redis');
  const database = `/${process.env['VITEST_POOL_ID'] ?? '0'}`;
  const url = topology === 'standalone' ? `${shared}${database}` : shared;
  const redis = redisClient(url);
  await Promise.all((await primariesOf(redis)).map((primary) => primary.flushdb()));
  redis.disconnect();
  return url;
}

/** A Redis of its own in a temporary folder, which `stop` deletes. */
export async function startTestRedis(
  options: Omit<RedisOptions, 'dir'> = {},
): Promise<RedisProcess> {
  const dir = mkdtempSync(join(tmpdir(), 'signum-test-redis-'));
  const server = wantedServer();
  const command = server === undefined ? {} : { command: redisBinary(server) };
  const redis = await startRedis({ ...command, ...options, dir });
  return {
    ...redis,
    stop: async () => {
      await redis.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
