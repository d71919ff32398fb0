import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { startRedisCluster } from '../../setup/redis-cluster.ts';
import { RedisNode } from '../../setup/redis-node.ts';
import { ask, startSentinel } from '../../setup/redis-sentinel.ts';
import { startTcpProxy, type TcpProxy } from '../../setup/tcp-proxy.ts';
import { until } from '../../setup/until.ts';
import type { Promises } from './judge.ts';

export const TOPOLOGIES = ['standalone', 'sentinel', 'cluster'] as const;
export type TopologyName = (typeof TOPOLOGIES)[number];

/** A Redis of some topology, and how to hurt it. */
export interface Rig {
  readonly name: TopologyName;
  readonly url: string;
  /** The way of the first server to Redis, where it has one of its own, and its URL. */
  readonly link?: TcpProxy;
  readonly linkUrl?: string;
  readonly promises: Promises;
  /** Replicas that a revocation must be on for a failover not to lose it. */
  readonly replicas: number;
  readonly nodes: readonly RedisNode[];
  primaries(): Promise<readonly RedisNode[]>;
  /** Asks for a failover of a primary by the topology's own means; absent where there is none. */
  readonly failover?: (primary: RedisNode) => Promise<void>;
  /** Resolves when nothing is broken any more. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

export interface RigOptions {
  /** Further arguments of every data node. */
  readonly extraArgs: readonly string[];
  /** Replicas that a revocation must be on behind Sentinel, which has two; default 2. */
  readonly sentinelReplicas?: number | undefined;
}

export function startRig(name: TopologyName, options: RigOptions): Promise<Rig> {
  switch (name) {
    case 'standalone':
      return startStandalone(options);
    case 'sentinel':
      return startSentinelRig(options);
    case 'cluster':
      return startClusterRig(options);
  }
}

async function startStandalone({ extraArgs }: RigOptions): Promise<Rig> {
  const dir = mkdtempSync(join(tmpdir(), 'signum-faults-'));
  // With everysec, Redis may answer before it has written, and a killed process loses that.
  const args = ['--appendonly', 'yes', '--appendfsync', 'always', ...extraArgs];
  const node = await RedisNode.start({ dir, args, proxied: 'replication' });
  const settled = () =>
    until('Redis answers', () => ask(node.port, async (redis) => (await redis.ping()) === 'PONG'));
  await settled();
  const link = await startTcpProxy(node.publicPort);
  return {
    name: 'standalone',
    url: `redis://127.0.0.1:${node.publicPort}`,
    link,
    linkUrl: `redis://127.0.0.1:${link.port}`,
    promises: { keepsEverything: true },
    replicas: 0,
    nodes: [node],
    primaries: async () => [node],
    settled,
    stop: async () => {
      await link.stop();
      await node.destroy();
    },
  };
}

async function startSentinelRig(options: RigOptions): Promise<Rig> {
  const { extraArgs } = options;
  const sentinel = await startSentinel({ proxied: true, downAfterMs: 1000, extraArgs });
  return {
    name: 'sentinel',
    url: sentinel.url,
    promises: { keepsEverything: false },
    // Sentinel may promote either of the two, not only the one that has the revocation.
    replicas: options.sentinelReplicas ?? 2,
    nodes: sentinel.nodes,
    primaries: async () => [await sentinel.primary()],
    failover: () => sentinel.failover(),
    settled: async () => {
      await sentinel.settled();
      await caughtUp([await sentinel.primary()], 2);
    },
    stop: () => sentinel.stop(),
  };
}

async function startClusterRig({ extraArgs }: RigOptions): Promise<Rig> {
  const cluster = await startRedisCluster({ replicas: 1, proxied: true, extraArgs });
  return {
    name: 'cluster',
    url: cluster.url,
    promises: { keepsEverything: false },
    replicas: 1,
    nodes: cluster.nodes,
    primaries: () => cluster.primaries(),
    failover: (primary) => cluster.failover(primary),
    settled: async () => {
      await cluster.settled();
      await caughtUp(await cluster.primaries(), 1);
    },
    stop: () => cluster.stop(),
  };
}

/** A failover that follows the last too closely would promote a replica that is still loading. */
async function caughtUp(primaries: readonly RedisNode[], replicas: number): Promise<void> {
  await Promise.all(
    primaries.map(({ port }) =>
      until('the replicas have caught up', async () => {
        const held = await ask(port, async (redis: Redis) => {
          await redis
            .call('INCRBY', `signum:{${await anyTag(redis)}}:revision`, '0')
            .catch(() => 0);
          return redis.wait(replicas, 500);
        });
        return held >= replicas;
      }),
    ),
  );
}

/** The partition of some key that this server holds. */
async function anyTag(redis: Redis): Promise<string> {
  const [, keys] = await redis.scan(0, 'MATCH', 'signum:{*', 'COUNT', 100);
  return /\{(\d+)\}/.exec(keys[0] ?? '')?.[1] ?? '0';
}
