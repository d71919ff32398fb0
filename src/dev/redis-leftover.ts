import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';

/**
 * Stops a Redis that a killed process left behind on `dir`; two servers on one append-only file
 * would corrupt it. Refuses when the process that started it is still alive.
 */
export async function stopLeftover(dir: string): Promise<void> {
  const config = read(join(dir, 'redis.conf'));
  const owner = Number(read(join(dir, 'owner.pid')));
  if (!config || !owner) return;
  const redis = connect(config);
  try {
    if (!(await servesFolder(redis, config))) return;
    if (isAlive(owner)) {
      throw new Error(`Process ${owner} is using the Redis in ${dir}. Stop it first.`);
    }
    await redis.call('SHUTDOWN', 'SAVE').catch(() => {});
  } finally {
    redis.disconnect();
  }
}

function connect(config: string): Redis {
  const tlsPort = setting(config, 'tls-port');
  const redis = new Redis({
    host: '127.0.0.1',
    port: Number(tlsPort ?? setting(config, 'port')),
    ...credentials(config),
    // Whoever answers has to know the password, so its certificate adds nothing.
    ...(tlsPort && { tls: { rejectUnauthorized: false } }),
    retryStrategy: () => null,
    connectTimeout: 2_000,
    // Long enough to write a large append-only file to disk.
    commandTimeout: 30_000,
  });
  redis.on('error', () => {});
  return redis;
}

/** A stranger on the same port fails here: another password, or another folder. */
async function servesFolder(redis: Redis, config: string): Promise<boolean> {
  try {
    const reply = await redis.config('GET', 'dir');
    return Array.isArray(reply) && reply[1] === setting(config, 'dir');
  } catch {
    return false;
  }
}

function credentials(config: string): { password?: string } {
  const password = setting(config, 'requirepass');
  return password ? { password } : {};
}

function setting(config: string, name: string): string | undefined {
  const line = config.split('\n').find((each) => each.startsWith(`${name} `));
  return line?.slice(name.length + 1).replace(/^"(.*)"$/, '$1');
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
