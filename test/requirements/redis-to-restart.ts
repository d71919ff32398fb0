import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RedisProcess, startRedis } from '../../src/dev/redis-process.ts';
import { primariesOf, redisClient } from '../setup/redis-client.ts';

/** A Redis whose process can end and come back on the same port with the same files. */
export interface RestartableRedis {
  readonly url: string;
  /** SIGTERM: it saves and exits. */
  stop(): Promise<void>;
  /** SIGKILL: it has no time to do anything. */
  kill(): Promise<void>;
  start(): Promise<void>;
  remove(): Promise<void>;
}

export async function startRestartableRedis(): Promise<RestartableRedis> {
  const dir = mkdtempSync(join(tmpdir(), 'signum-test-redis-'));
  let redis: RedisProcess = await startRedis({ dir });
  await writeBeforeAnswering(redis.url);
  const { url, port } = redis;
  return {
    url,
    stop: () => redis.stop(),
    async kill() {
      const exited = once(redis.process, 'exit');
      redis.process.kill('SIGKILL');
      await exited;
    },
    async start() {
      redis = await startRedis({ dir, port });
      await writeBeforeAnswering(url);
    },
    async remove() {
      await redis.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** With `everysec`, of a process that is killed while the disk is slow, less is promised. */
async function writeBeforeAnswering(url: string): Promise<void> {
  const client = redisClient(url);
  for (const node of await primariesOf(client)) await node.config('SET', 'appendfsync', 'always');
  client.disconnect();
}
