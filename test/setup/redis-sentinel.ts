import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { DATA_ARGS, RedisNode, type RedisTls } from './redis-node.ts';
import { until } from './until.ts';

export interface RedisSentinel {
  /** `redis[s]+sentinel://…/signum` */
  readonly url: string;
  /** The primary at the start and its replicas: who is what changes. */
  readonly nodes: readonly RedisNode[];
  readonly sentinels: readonly RedisNode[];
  /** The primary that the Sentinels agree on now. */
  primary(): Promise<RedisNode>;
  /** Resolves when a primary has all its replicas, and the Sentinels know all of it. */
  settled(): Promise<void>;
  /** Asks for a failover; resolves when it has begun. */
  failover(): Promise<void>;
  stop(): Promise<void>;
}

export interface SentinelOptions {
  /** Default 2. */
  readonly replicas?: number;
  /** After how long a silent server counts as down; default 1,000 ms. */
  readonly downAfterMs?: number;
  /** Further arguments of the data nodes. */
  readonly extraArgs?: readonly string[];
  /** Puts a proxy in front of each data node; see RedisNode. */
  readonly proxied?: boolean;
  /** Has data nodes and Sentinels, and whoever talks to them, use TLS. */
  readonly tls?: RedisTls;
}

const NAME = 'signum';
const SENTINELS = 3;
const QUORUM = 2;
/** A deposed primary must stop answering as soon as it notices that it has lost its replicas. */
const MIN_REPLICAS = ['--min-replicas-to-write', '1', '--min-replicas-max-lag', '2'];

/** A primary, its replicas and three Sentinels on 127.0.0.1, each a process that may be killed. */
export async function startSentinel(options: SentinelOptions = {}): Promise<RedisSentinel> {
  const { tls } = options;
  const root = mkdtempSync(join(tmpdir(), 'signum-test-sentinel-'));
  const nodes: RedisNode[] = [];
  const sentinels: RedisNode[] = [];
  const stop = async () => {
    await Promise.all([...sentinels, ...nodes].map((node) => node.destroy()));
    rmSync(root, { recursive: true, force: true });
  };
  const extra = [...MIN_REPLICAS, ...DATA_ARGS, ...(options.extraArgs ?? [])];
  try {
    for (let i = 0; i <= (options.replicas ?? 2); i++) {
      // Sentinel rewrites the configuration when roles change, so there has to be a file.
      const dir = join(root, `node-${i}`);
      const file = configFile(dir, i > 0 ? `replicaof 127.0.0.1 ${nodes[0]?.publicPort}\n` : '');
      const proxied = options.proxied ? 'replication' : undefined;
      nodes.push(await RedisNode.start({ dir, args: [file, ...extra], proxied, tls }));
    }
    const [first] = nodes;
    await until('the replicas are in sync', () => hasReplicas(first, nodes.length - 1));
    for (const i of Array.from({ length: SENTINELS }).keys()) {
      const dir = join(root, `sentinel-${i}`);
      const file = configFile(
        dir,
        sentinelConfig(first?.publicPort ?? 0, options.downAfterMs ?? 1000),
      );
      sentinels.push(await RedisNode.start({ dir, args: [file, '--sentinel'], tls }));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const hosts = sentinels.map(({ publicPort }) => `127.0.0.1:${publicPort}`).join(',');
  const sentinel: RedisSentinel = {
    url: `redis${tls ? 's' : ''}+sentinel://${hosts}/${NAME}`,
    nodes,
    sentinels,
    primary: () => findPrimary(nodes, sentinels),
    settled: () =>
      until('the topology settles', async () => {
        const primary = await findPrimary(nodes, sentinels);
        return (
          (await hasReplicas(primary, nodes.length - 1)) &&
          (await knowsAll(sentinels, nodes.length - 1))
        );
      }),
    failover: async () => {
      await ask(sentinels[0]?.port ?? 0, (redis) => redis.call('SENTINEL', 'FAILOVER', NAME));
    },
    stop,
  };
  try {
    await Promise.all(sentinels.map(hasten));
    await sentinel.settled();
  } catch (error) {
    await stop();
    throw error;
  }
  return sentinel;
}

/** By default a Sentinel looks at replicas every 10 s, and so takes that long after a failover. */
async function hasten({ port }: RedisNode): Promise<void> {
  const faster = ['info-period', '500', 'publish-period', '500', 'ask-period', '500'];
  await until('the Sentinel answers', () =>
    ask(port, async (redis) => (await redis.call('SENTINEL', 'DEBUG', ...faster)) === 'OK'),
  );
}

/** Runs one question over a connection of its own; rejects within a second. */
export async function ask<T>(port: number, question: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(port, '127.0.0.1', {
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
    commandTimeout: 1000,
    connectTimeout: 1000,
    disconnectTimeout: 50,
  });
  redis.on('error', () => undefined);
  try {
    return await question(redis);
  } finally {
    redis.disconnect();
  }
}

/** Whether a primary has so many replicas that are connected and have caught up. */
async function hasReplicas(node: RedisNode | undefined, count: number): Promise<boolean> {
  const info = await ask(node?.port ?? 0, (redis) => redis.info('replication'));
  return /^role:master/m.test(info) && (info.match(/state=online/g) ?? []).length >= count;
}

async function findPrimary(nodes: readonly RedisNode[], sentinels: readonly RedisNode[]) {
  const alive = sentinels.filter(({ isAlive }) => isAlive);
  const answers = await Promise.all(
    alive.map(({ port }) =>
      ask(port, (redis) => redis.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME)),
    ),
  );
  const ports = new Set(answers.map((answer) => Number((answer as string[])[1])));
  const primary = nodes.find(({ publicPort }) => ports.has(publicPort));
  if (!primary || ports.size !== 1) throw new Error('the Sentinels do not agree');
  return primary;
}

async function knowsAll(sentinels: readonly RedisNode[], replicas: number): Promise<boolean> {
  const states = await Promise.all(
    sentinels.map(({ port }) => ask(port, (redis) => redis.call('SENTINEL', 'MASTER', NAME))),
  );
  return states.every((state) => {
    const flat = state as string[] | Record<string, string>;
    const of = (name: string) => (Array.isArray(flat) ? flat[flat.indexOf(name) + 1] : flat[name]);
    return (
      of('flags') === 'master' &&
      Number(of('num-slaves')) >= replicas &&
      Number(of('num-other-sentinels')) === SENTINELS - 1
    );
  });
}

function sentinelConfig(port: number, downAfterMs: number): string {
  return [
    `sentinel monitor ${NAME} 127.0.0.1 ${port} ${QUORUM}`,
    `sentinel down-after-milliseconds ${NAME} ${downAfterMs}`,
    `sentinel failover-timeout ${NAME} 5000`,
    `sentinel parallel-syncs ${NAME} 2`,
    '',
  ].join('\n');
}

function configFile(dir: string, text: string): string {
  const file = join(dir, 'redis.conf');
  mkdirSync(dir, { recursive: true });
  writeFileSync(file, text);
  return file;
}
