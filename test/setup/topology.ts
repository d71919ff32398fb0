import type { RedisOptions } from '../../src/dev/redis-process.ts';
import { startTestRedis } from './redis.ts';
import { startRedisCluster } from './redis-cluster.ts';
import { startSentinel } from './redis-sentinel.ts';

/** The kinds of Redis that the service runs on; vitest.config.ts has a project of each name. */
export type TopologyName = 'standalone' | 'sentinel' | 'cluster';

/** A Redis of some kind. */
export interface Topology {
  /** `redis[+sentinel|+cluster]://…`; everything is allowed there. */
  readonly url: string;
  /** Of each primary. */
  readonly replicas: number;
  /** Every server that holds data, replicas too. */
  readonly nodes: readonly { readonly url: string }[];
  stop(): Promise<void>;
}

/** More databases than there will ever be test files at once. */
export const DATABASES = ['--databases', '1024'];

/** For suites in which nothing fails: a machine that is busy for a while is no reason to fail over. */
const PATIENCE_MS = 15_000;
const PATIENT = ['--min-replicas-max-lag', `${PATIENCE_MS / 1_000}`];
/** What SIGNUM_REDIS_FAILOVER_WINDOW has to be for such a Redis. */
export const FAILOVER_WINDOW = `${PATIENCE_MS / 1_000 + 1}s`;

/** One node; a primary, two replicas and three Sentinels; or three primaries with a replica each. */
export async function startTopology(
  name: TopologyName,
  standaloneOptions: Pick<RedisOptions, 'command'> = {},
): Promise<Topology> {
  switch (name) {
    case 'standalone': {
      const { url, stop } = await startTestRedis({ ...standaloneOptions, extraArgs: DATABASES });
      return { url, replicas: 0, nodes: [{ url }], stop };
    }
    case 'sentinel': {
      const options = { replicas: 2, downAfterMs: PATIENCE_MS, extraArgs: PATIENT };
      const { url, nodes, stop } = await startSentinel(options);
      return { url, replicas: options.replicas, nodes, stop };
    }
    case 'cluster': {
      const options = { replicas: 1, nodeTimeoutMs: PATIENCE_MS, extraArgs: PATIENT };
      const { url, nodes, stop } = await startRedisCluster(options);
      return { url, replicas: options.replicas, nodes, stop };
    }
  }
}
