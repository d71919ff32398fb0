import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { TestProject } from 'vitest/node';
import { findRedisCommand } from '../../src/dev/redis-command.ts';
import { startRedis } from '../../src/dev/redis-process.ts';
import { addUser } from './acl-users.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of a Redis that all test files share; see `emptyDatabaseUrl` in redis.ts. */
    redisUrl: string;
  }
}

const DATABASES = ['--databases', '1024'];

/** The user of deploy/redis/users.acl, as whom the servers under test connect. */
async function addServerUser(url: string): Promise<void> {
  const redis = new Redis(url);
  await addUser(redis);
  redis.disconnect();
}

/**
 * One Redis for the whole run: starting one per file would take longer than most tests. It is a
 * process of this machine's, or a container with SIGNUM_TEST_REDIS=testcontainers and where Docker
 * is all there is.
 */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  if (wantsContainer()) {
    const { startRedisContainer } = await import('./redis-container.ts');
    const container = await startRedisContainer(DATABASES);
    await addServerUser(container.url);
    project.provide('redisUrl', container.url);
    return container.stop;
  }
  const dir = mkdtempSync(join(tmpdir(), 'signum-test-redis-'));
  const redis = await startRedis({ dir, extraArgs: DATABASES });
  await addServerUser(redis.url);
  project.provide('redisUrl', redis.url);
  return async () => {
    await redis.stop();
    rmSync(dir, { recursive: true, force: true });
  };
}

function wantsContainer(): boolean {
  if (process.env['SIGNUM_TEST_REDIS'] === 'testcontainers') return true;
  return findRedisCommand().kind === 'docker';
}
