import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { findRedisCommand, type RedisCommand } from '../../src/dev/redis-command.ts';
import { type RedisProcess, startRedis } from '../../src/dev/redis-process.ts';
import { onCpus } from './cpus.ts';

export interface BenchRedis extends RedisProcess {
  readonly pid: number;
}

/**
 * A Redis as `npm start` would run it, append-only persistence included, on given CPUs. Background
 * rewrites of its file are off: they would fall into one measurement and not into another.
 */
export async function startBenchRedis(
  dir: string,
  name: string,
  cpus: string,
): Promise<BenchRedis> {
  const found = findRedisCommand();
  const command: RedisCommand = {
    ...found,
    argv: (at, port) => onCpus(cpus, found.argv(at, port)),
  };
  const at = join(dir, name);
  mkdirSync(at, { recursive: true });
  const redis = await startRedis({
    dir: at,
    command,
    extraArgs: ['--auto-aof-rewrite-percentage', '0'],
  });
  return { ...redis, pid: redis.process.pid as number };
}
