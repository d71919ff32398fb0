import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { DATA_ARGS, RedisNode, type RedisTls } from './redis-node.ts';
import { ask } from './redis-sentinel.ts';
import { until } from './until.ts';

export interface RedisCluster {
  /** `redis[s]+cluster://…` naming every node. */
  readonly url: string;
  /** The primaries at the start, then a replica of each in turn: who is what changes. */
  readonly nodes: readonly RedisNode[];
  /** The nodes that serve slots now, as any live node sees it. */
  primaries(): Promise<readonly RedisNode[]>;
  /** Resolves when every node sees every slot served and every primary has its replicas. */
  settled(): Promise<void>;
  /** Hands a primary's slots to one of its replicas; resolves when it has been asked for. */
  failover(primary: RedisNode, how?: 'FORCE' | 'TAKEOVER'): Promise<void>;
  /** Starts a node without slots, for slots to be moved to. */
  addPrimary(): Promise<RedisNode>;
  stop(): Promise<void>;
}

export interface ClusterSetup {
  /** Default 3. */
  readonly primaries?: number;
  /** Of each primary; default 0. */
  readonly replicas?: number;
  readonly nodeTimeoutMs?: number;
  readonly extraArgs?: readonly string[];
  /** Puts a proxy in front of each node; see RedisNode. */
  readonly proxied?: boolean;
  /** Has nodes and clients use TLS, the bus too. */
  readonly tls?: RedisTls;
}

export const SLOTS = 16_384;
/** A primary cut off from its replicas stops answering before the others take its place. */
const MIN_REPLICAS = ['--min-replicas-to-write', '1', '--min-replicas-max-lag', '2'];

/** One node of a cluster as CLUSTER NODES tells it. */
export interface ClusterNode {
  readonly id: string;
  readonly port: number;
  readonly flags: readonly string[];
  readonly primaryId: string;
  readonly isLinked: boolean;
  readonly slots: readonly string[];
}

/** A Redis Cluster on 127.0.0.1, each node a process that may be killed. */
export async function startRedisCluster(setup: ClusterSetup = {}): Promise<RedisCluster> {
  const { primaries = 3, replicas = 0, tls } = setup;
  const root = mkdtempSync(join(tmpdir(), 'signum-test-cluster-'));
  const nodes: RedisNode[] = [];
  const startNode = async () => {
    const args = [
      ...['--cluster-enabled', 'yes', '--cluster-node-timeout', `${setup.nodeTimeoutMs ?? 1500}`],
      ...['--cluster-allow-reads-when-down', 'no', '--cluster-migration-barrier', '9'],
      ...(replicas > 0 ? MIN_REPLICAS : []),
      ...(tls ? ['--tls-cluster', 'yes'] : []),
      ...DATA_ARGS,
      ...(setup.extraArgs ?? []),
    ];
    const dir = join(root, `node-${nodes.length}`);
    const node = await RedisNode.start({
      dir,
      args,
      proxied: setup.proxied ? 'cluster' : undefined,
      tls,
    });
    nodes.push(node);
    await until('the node answers', () => ask(node.port, async (r) => (await r.ping()) === 'PONG'));
    return node;
  };
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.destroy()));
    rmSync(root, { recursive: true, force: true });
  };
  const cluster: RedisCluster = {
    get url() {
      return `redis${tls ? 's' : ''}+cluster://${nodes.map((node) => `127.0.0.1:${node.publicPort}`).join(',')}`;
    },
    nodes,
    primaries: async () => {
      const seen = (await clusterNodes(await anyLive(nodes))).filter(isServing);
      return nodes.filter((node) => seen.some(({ port }) => isAt(node, port)));
    },
    settled: () => until('the cluster settles', () => isSettled(nodes, primaries * replicas)),
    failover: async (primary, how) => {
      let port: number | undefined;
      // After a change of roles a replica takes a moment to be linked to its primary again.
      await until('the primary has a replica', async () => {
        port = replicaOf(await clusterNodes(await anyLive(nodes)), primary)?.port;
        return port !== undefined;
      });
      const node = nodes.find((each) => isAt(each, port ?? 0));
      await ask(node?.port ?? 0, (r) => r.call('CLUSTER', 'FAILOVER', ...(how ? [how] : [])));
    },
    addPrimary: async () => {
      const [first] = nodes;
      const node = await startNode();
      await ask(node.port, (r) => meet(r, first));
      await cluster.settled();
      return node;
    },
    stop,
  };
  try {
    for (let i = 0; i < primaries * (1 + replicas); i++) await startNode();
    await form(nodes, primaries);
    await cluster.settled();
  } catch (error) {
    await stop();
    throw error;
  }
  return cluster;
}

/** The bus port is given too: a proxy stands in front of the other port only. */
async function meet(redis: Redis, node: RedisNode | undefined): Promise<void> {
  const { publicPort = 0, busPort = 0 } = node ?? {};
  await redis.call('CLUSTER', 'MEET', '127.0.0.1', publicPort, busPort);
}

/** A node that is asked without TLS names the ports without TLS. */
function isAt(node: RedisNode, port: number): boolean {
  return node.publicPort === port || node.port === port;
}

async function form(nodes: readonly RedisNode[], primaries: number): Promise<void> {
  const [first] = nodes;
  for (const [i, { port }] of nodes.entries()) {
    await ask(port, async (redis) => {
      if (i < primaries) {
        const from = Math.floor((SLOTS * i) / primaries);
        const to = Math.floor((SLOTS * (i + 1)) / primaries) - 1;
        await redis.call('CLUSTER', 'ADDSLOTSRANGE', from, to);
      }
      await redis.call('CLUSTER', 'SET-CONFIG-EPOCH', i + 1);
      if (first && i > 0) await meet(redis, first);
    });
  }
  await until('the nodes meet', async () => {
    const views = await Promise.all(nodes.map(({ port }) => clusterNodes(port)));
    return views.every((view) => view.length === nodes.length && view.every(isMet));
  });
  const ids = await Promise.all(
    nodes.map(({ port }) => ask(port, (r) => r.call('CLUSTER', 'MYID'))),
  );
  for (const [i, { port }] of nodes.entries()) {
    if (i < primaries) continue;
    await ask(port, (r) => r.call('CLUSTER', 'REPLICATE', String(ids[i % primaries])));
  }
}

export async function clusterNodes(port: number): Promise<ClusterNode[]> {
  const text = String(await ask(port, (redis) => redis.call('CLUSTER', 'NODES')));
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [id = '', address = '', flags = '', primaryId = '', , , , link, ...slots] =
        line.split(' ');
      const portOf = Number(/:(\d+)@/.exec(address)?.[1]);
      return {
        id,
        port: portOf,
        flags: flags.split(','),
        primaryId,
        isLinked: link === 'connected',
        slots,
      };
    });
}

/** A replica of a primary that could take its place. */
function replicaOf(seen: readonly ClusterNode[], primary: RedisNode): ClusterNode | undefined {
  const id = seen.find(({ port }) => isAt(primary, port))?.id;
  return seen.find(
    ({ primaryId, flags, isLinked }) =>
      primaryId === id && isLinked && !flags.some((flag) => flag.startsWith('fail')),
  );
}

function isMet({ flags, isLinked }: ClusterNode): boolean {
  return isLinked && !flags.includes('handshake');
}

function isServing({ flags, slots }: ClusterNode): boolean {
  return flags.includes('master') && !flags.includes('fail') && slots.length > 0;
}

async function anyLive(nodes: readonly RedisNode[]): Promise<number> {
  for (const { port } of nodes) {
    const answers = await ask(port, (redis) => redis.ping()).catch(() => undefined);
    if (answers) return port;
  }
  throw new Error('no node answers');
}

async function isSettled(nodes: readonly RedisNode[], replicas: number): Promise<boolean> {
  const views = await Promise.all(
    nodes.map(({ port }) =>
      ask(port, async (redis) => ({
        info: String(await redis.call('CLUSTER', 'INFO')),
        replication: await redis.info('replication'),
      })),
    ),
  );
  const linked = views.filter(({ replication }) => replication.includes('master_link_status:up'));
  const online = views.flatMap(({ replication }) => replication.match(/state=online/g) ?? []);
  const seen = await Promise.all(nodes.map(({ port }) => clusterNodes(port)));
  return (
    views.every(({ info }) => info.includes('cluster_state:ok')) &&
    linked.length >= replicas &&
    online.length >= replicas &&
    seen.every((view) => view.length >= nodes.length && view.every(isHealthy))
  );
}

function isHealthy({ flags, isLinked }: ClusterNode): boolean {
  return isLinked && !flags.some((flag) => flag.startsWith('fail') || flag === 'handshake');
}
