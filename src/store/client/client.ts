import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { NodeConnector, type Opening, SentinelPrimaryConnector } from './connector.ts';
import { type AccessFiles, readAccess } from './where/access.ts';
import { targetNow } from './where/target-now.ts';
import { parseRedisUrl, type RedisTarget } from './where/url.ts';

/** A connection to whatever Redis there is: standalone, behind Sentinel, or a Cluster. */
export type RedisClient = Redis | Cluster;

export interface RedisSettings extends AccessFiles {
  /** One of REDIS_URL_FORMS. */
  readonly url: string;
  /**
   * The same as it is by now: whoever connects shows the passwords that it holds then. Absent if it cannot
   * change. Throws if it cannot be had, with what to do about it as the message.
   */
  readonly urlNow?: (() => string) | undefined;
  /** How long a connection may owe an answer, in milliseconds. */
  readonly commandTimeoutMs: number;
  /** How long connecting may take, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** Shown in Redis' CLIENT LIST. */
  readonly name: string;
}

const FIRST_RETRY_MS = 50;
/** A failover must not be followed by a long sleep: recovery is at most this and one connecting. */
const LONGEST_RETRY_MS = 400;
/** How long a server that does not close its side is waited for. */
const DISCONNECT_TIMEOUT_MS = 50;
/** Attempts at a node of a cluster before it is forgotten, until the slots name it again. */
const NODE_ATTEMPTS = 6;
const DEMOTION_GAP_MS = 500;

/**
 * Connects, with settings under which a command runs at most once and never waits for a connection:
 * no offline queue, no resending, no retries by the client. With the client's own defaults a script
 * whose reply is lost runs twice. test/faults/lost-replies.test.ts holds each setting to what it is
 * here for. Errors of the connection are the caller's to listen for.
 */
export function createClient(settings: RedisSettings): RedisClient {
  const target = parseRedisUrl(settings.url);
  readAccess(target, settings);
  const common = commonOptions(settings, target);
  switch (target.kind) {
    case 'cluster':
      return new Cluster([...target.nodes], clusterOptions(common, target));
    case 'sentinel':
      return new Redis(sentinelOptions(common, settings, target));
    case 'socket':
      return new Redis({ ...common, path: target.path });
    case 'standalone': {
      const { host, port } = target.nodes[0];
      return new Redis({ ...common, host, port });
    }
  }
}

function commonOptions(settings: RedisSettings, target: RedisTarget) {
  const opening: Opening = {
    access: () => readAccess(targetNow(target, settings), settings),
    db: 'db' in target ? target.db : 0,
    name: settings.name,
    // The command time-out is for a server that accepts the connection and never greets.
    timeoutMs: settings.connectTimeoutMs + 2 * settings.commandTimeoutMs,
  };
  return {
    Connector: NodeConnector,
    opening,
    lazyConnect: true,
    // What wire.ts decodes.
    protocol: 2 as const,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // Without it, commands of a lost connection stay pending for ever (6.0.0).
    maxRetriesPerRequest: 0,
    // No `commandTimeout`: the runner's deadlines cost less than a timer for each command.
    socketTimeout: 2 * settings.commandTimeoutMs,
    connectTimeout: settings.connectTimeoutMs,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    maxLoadingRetryTime: 500,
    keepAlive: 5000,
    disableClientInfo: true,
    connectionName: settings.name,
    reconnectOnError: reconnectOnDemotion(),
    retryStrategy: backoff,
  } satisfies RedisOptions & { readonly opening: Opening };
}

type CommonOptions = ReturnType<typeof commonOptions>;

function sentinelOptions(
  common: CommonOptions,
  settings: RedisSettings,
  target: Extract<RedisTarget, { kind: 'sentinel' }>,
) {
  const sentinelOpening: Opening = {
    ...common.opening,
    access: () => {
      const now = targetNow(target, settings);
      const { tls } = readAccess(now, settings);
      return now.kind === 'sentinel'
        ? { username: now.sentinelUsername, password: now.sentinelPassword, tls }
        : { tls };
    },
    db: 0,
  };
  return {
    ...common,
    Connector: SentinelPrimaryConnector,
    sentinelOpening,
    sentinels: [...target.nodes],
    name: target.masterName,
    role: 'master' as const,
    failoverDetector: true,
    // A Sentinel that hangs would otherwise be waited for for ever, with the others at hand.
    sentinelCommandTimeout: common.socketTimeout,
    sentinelRetryStrategy: backoff,
    sentinelReconnectStrategy: () => 1000,
    // What the files hold is put in when a connection is made.
    ...(target.tls && { enableTLSForSentinelMode: true, tls: {} }),
  };
}

function clusterOptions(common: CommonOptions, { tls }: RedisTarget) {
  // The retry strategy of the nodes is `clusterNodeRetryStrategy`; their offline queue cannot be
  // switched off, and is avoided by sending to connected nodes only (connections.ts).
  const { retryStrategy: _, enableOfflineQueue: __, lazyConnect, ...redisOptions } = common;
  return {
    lazyConnect,
    redisOptions,
    enableOfflineQueue: false,
    // A cluster that does not serve yet says so to each command (CLUSTERDOWN), and is then asked again
    // sooner than after the pause that follows a check that failed.
    enableReadyCheck: false,
    scaleReads: 'master' as const,
    maxRedirections: 3,
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    retryDelayOnTryAgain: 20,
    slotsRefreshInterval: 5000,
    slotsRefreshTimeout: common.socketTimeout,
    clusterRetryStrategy: backoff,
    // A node that is gone for good must leave the pool, or a cluster that has moved to other
    // addresses as a whole would never be looked for under the configured ones again.
    clusterNodeRetryStrategy: (attempt: number) =>
      attempt > NODE_ATTEMPTS ? null : backoff(attempt),
    // Certificates name hosts, not the addresses that they resolve to.
    ...(tls && {
      dnsLookup: (address: string, done: (e: null, a: string) => void) => done(null, address),
    }),
  };
}

/** Exponential, with jitter so that servers do not come back all at once. */
function backoff(attempt: number): number {
  const ms = Math.min(FIRST_RETRY_MS * 2 ** Math.min(attempt - 1, 6), LONGEST_RETRY_MS);
  return ms * (0.5 + Math.random() / 2);
}

/**
 * A primary that has become a replica is left for whoever took its place; behind a fixed address,
 * where that may be the same server again, not more than twice a second.
 */
function reconnectOnDemotion(): (error: Error) => boolean {
  let lastAtMs = Number.NEGATIVE_INFINITY;
  return ({ message }) => {
    if (!/^(-?READONLY|MASTERDOWN|UNBLOCKED)/.test(message)) return false;
    const nowMs = performance.now();
    if (nowMs - lastAtMs < DEMOTION_GAP_MS) return false;
    lastAtMs = nowMs;
    return true;
  };
}

/** Connects and waits until commands can be sent; rejects if that takes longer than `timeoutMs`. */
export async function connect(client: RedisClient, timeoutMs: number): Promise<void> {
  const untilAtMs = performance.now() + timeoutMs;
  await ready(client, timeoutMs);
  if (!(client instanceof Cluster)) return;
  // The nodes of a cluster connect with their first command, which would then wait in a queue.
  const leftMs = Math.max(0, untilAtMs - performance.now());
  await Promise.all(client.nodes('master').map((node) => ready(node, leftMs)));
}

async function ready(client: RedisClient, timeoutMs: number): Promise<void> {
  if (client.status === 'ready') return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(new Error('connecting timed out')), timeoutMs);
  client.once('ready', resolve);
  client.connect().catch(() => undefined); // It goes on trying; 'ready' tells when it has succeeded.
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    client.off('ready', resolve);
  }
}
