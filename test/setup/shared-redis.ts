import { Redis } from 'ioredis';
import type { TestProject } from 'vitest/node';
import { findRedisCommand, redisBinary } from '../../src/dev/redis-command.ts';
import { addUser } from './acl-users.ts';
import { SERVER_VARIABLE } from './redis-server.ts';
import { DATABASES, startTopology, type Topology, type TopologyName } from './topology.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The Redis that all test files of a project share; see `emptyRedisUrl` in redis.ts. */
    redis: Pick<Topology, 'url' | 'replicas'> & { readonly topology: TopologyName };
  }
}

/** One Redis for the whole of a project: starting one per file would take longer than most tests. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const server = project.config.env[SERVER_VARIABLE];
  const topology = server === undefined ? (project.name as TopologyName) : 'standalone';
  const { url, replicas, nodes, stop } = server
    ? await startTopology(topology, { command: redisBinary(server) })
    : await start(topology);
  await Promise.all(nodes.map(addServerUser));
  project.provide('redis', { topology, url, replicas });
  return stop;
}

/**
 * Processes of this machine's; a standalone one is a container with SIGNUM_TEST_REDIS=testcontainers
 * and where Docker is all there is.
 */
async function start(topology: TopologyName): Promise<Topology> {
  if (topology !== 'standalone' || !wantsContainer()) return startTopology(topology);
  const { startRedisContainer } = await import('./redis-container.ts');
  const { url, stop } = await startRedisContainer(DATABASES);
  return { url, replicas: 0, nodes: [{ url }], stop };
}

function wantsContainer(): boolean {
  if (process.env['SIGNUM_TEST_REDIS'] === 'testcontainers') return true;
  return findRedisCommand().kind === 'docker';
}

/** The user of deploy/redis/users.acl, as whom the servers under test connect. */
async function addServerUser({ url }: { readonly url: string }): Promise<void> {
  const redis = new Redis(url);
  await addUser(redis);
  redis.disconnect();
}
