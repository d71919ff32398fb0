import { redisTarget } from '../../config/kinds/redis-url.ts';
import { connect, createClient, type RedisClient } from '../../store/client/client.ts';
import { explainConnectionError } from '../../store/client/connection-error.ts';
import { storeFault } from '../../store/client/faults.ts';
import type { RedisTarget } from '../../store/client/where/url.ts';
import { Keyspace, SHARED_KEYS } from '../../store/scripts/keys.ts';
import type { KeyRules } from './check-key.ts';
import type { DoctorConfig } from './doctor-config.ts';
import { examineEdges } from './examine-edges.ts';
import { examineMeta, examineRedis } from './examine-redis.ts';
import type { Examination, Finding } from './finding.ts';
import { primaries } from './primaries.ts';
import { scanKeys } from './scan-keys.ts';

export interface StoreOptions {
  readonly config: DoctorConfig;
  readonly limit: number;
  readonly now: () => Date;
  readonly onProgress: (scanned: number) => void;
}

const CONNECT_TIMEOUT_MS = 3_000;
/** More patient than the server: a slow answer is no finding here. */
const COMMAND_TIMEOUT_MS = 5_000;

const HOUR_MS = 3_600_000;
/** The longest that can be configured: what holds whatever the servers are set to. */
const LONGEST = { refreshMs: 365 * 24 * HOUR_MS, accessMs: 24 * HOUR_MS, skewMs: 300_000 };

/** Examines Redis and everything of Signum's in it. Reads only. */
export async function examineStore(options: StoreOptions): Promise<Examination[]> {
  const { config } = options;
  const client = createClient({
    url: config.redis.url.reveal(),
    caFile: config.redis.caFile,
    certFile: config.redis.certFile,
    keyFile: config.redis.keyFile,
    passwordFile: config.redis.passwordFile,
    commandTimeoutMs: COMMAND_TIMEOUT_MS,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    name: 'signum-doctor',
  });
  const target = redisTarget(config.redis.url);
  let lastError: Error | undefined;
  client.on('error', (error) => {
    lastError = error;
  });
  try {
    await connect(client, CONNECT_TIMEOUT_MS);
    return await examine(client, options);
  } catch (error) {
    // The timeout says less than the connection error behind it.
    return [{ area: 'Redis', facts: [], findings: [unreachable(error, lastError, target)] }];
  } finally {
    client.disconnect();
  }
}

async function examine(client: RedisClient, options: StoreOptions): Promise<Examination[]> {
  const { config, now, limit, onProgress } = options;
  const nodes = await primaries(client);
  const redis = await Promise.all(nodes.map((node) => examineRedis(node, now, config.durability)));
  const configured = config.redis.partitions;
  const { partitions, findings } = await examineMeta((key) => client.hgetall(key), configured);
  const facts = partitions === undefined ? [] : [`${partitions} partitions`];
  const meta = { area: 'Deployment', facts, findings };
  if (partitions === undefined) return [...redis, meta];
  const rules = keyRules(config, partitions, await redisTime(nodes));
  const stored = await client.hget(SHARED_KEYS.meta, 'lease_ms');
  const edges = await examineEdges(nodes, config.edges, stored);
  return [...redis, meta, edges, await scanKeys(nodes, rules, { limit, onProgress })];
}

/** Bounds by the configuration where it is set here; else by what no configuration can exceed. */
function keyRules(config: DoctorConfig, partitions: number, nowMs: number): KeyRules {
  const { lifetimes, sessions, sources } = config;
  const isSet = (env: string) => (sources[env] ?? 'default') !== 'default';
  const refreshMs = isSet('SIGNUM_REFRESH_LIFETIME') ? lifetimes.refreshMs : LONGEST.refreshMs;
  const accessMs = isSet('SIGNUM_ACCESS_LIFETIME') ? lifetimes.accessMs : LONGEST.accessMs;
  const skewMs = isSet('SIGNUM_CLOCK_SKEW') ? sessions.clockSkewMs : LONGEST.skewMs;
  return {
    keyspace: new Keyspace(partitions),
    revokedMaxMs: refreshMs + skewMs,
    feedMaxMs: accessMs + skewMs,
    nowMs,
  };
}

async function redisTime(nodes: Awaited<ReturnType<typeof primaries>>): Promise<number> {
  const [node] = nodes;
  if (!node) throw new Error('CLUSTERDOWN no primary is known');
  const [seconds] = await node.time();
  return Number(seconds) * 1000;
}

function unreachable(error: unknown, lastError: Error | undefined, target: RedisTarget): Finding {
  const fix =
    'check SIGNUM_REDIS_URL, SIGNUM_REDIS_CA_FILE, the ACL of its user, and that Redis runs';
  const problem = lastError
    ? explainConnectionError(lastError, target).line
    : storeFault(error).message;
  return { severity: 'error', subject: 'redis', problem, fix };
}
