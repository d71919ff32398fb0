import { setTimeout as sleep } from 'node:timers/promises';
import type { Deadline } from '../domain/call.ts';
import { SignumError } from '../domain/errors.ts';
import type { Records } from '../domain/records.ts';
import { checkServers } from './client/check-servers.ts';
import { connect, createClient, type RedisClient, type RedisSettings } from './client/client.ts';
import { explainConnectionError } from './client/connection-error.ts';
import type { WireKind } from './client/connections.ts';
import { RedisMisconfigured } from './client/misconfigured.ts';
import { readAccess } from './client/where/access.ts';
import { probeTls } from './client/where/probe-tls.ts';
import { faultOfTarget } from './client/where/target-now.ts';
import { parseRedisUrl, type RedisTarget } from './client/where/url.ts';
import type { MayWait } from './dispatch/durable-runs.ts';
import { Runner } from './dispatch/runner.ts';
import { checkAccess, checkLayout, registerIssuer } from './meta.ts';
import { createRecords } from './records.ts';
import type { StoreContext, StoreIssuer, StorePolicy } from './scripts/context.ts';
import { Keyspace, SHARED_KEYS } from './scripts/keys.ts';

export interface StoreSettings {
  readonly redis: RedisSettings;
  /** How commands leave for Redis; default `direct`. */
  readonly wire?: WireKind | undefined;
  /** How many calls may wait for replicas or fsync at once. */
  readonly mayWait?: MayWait | undefined;
  /** Fixed when a deployment is created: 1 to 1024. */
  readonly partitions: number;
  /** How long an edge may answer by itself, in milliseconds; fixed like the partitions. */
  readonly leaseMs: number;
  readonly policy: StorePolicy;
  /** Of the tokens; absent where none are issued or judged. */
  readonly issuer?: string | undefined;
  /** Told in a line of every connection error; there is nothing to do but to note it. */
  readonly onConnectionError: (line: string) => void;
}

/** The one door to Redis. */
export interface Store extends StoreContext {
  readonly client: RedisClient;
  readonly keys: Records;
  readonly callers: Records;
  /** What is wrong with how Redis would be reached by now, in a line; undefined if nothing is. */
  accessFault(): string | undefined;
  close(): Promise<void>;
}

const START_TIMEOUT_MS = 10_000;
const START_RETRY_MS = 200;
const NO_ISSUER: StoreIssuer = { tag: '', hasChanged: false, isAdopted: false };
/** What is left of an error when a server ends a connection at once, or waits for more. */
const SILENT = /ECONNRESET|EPIPE|ETIMEDOUT|Connection is closed/;

/**
 * Connects and checks the layout; rejects if that takes longer than 10 s, with STORE_UNAVAILABLE and
 * what went wrong last, and at once with RedisMisconfigured, LayoutMismatch or AccessMissing if waiting
 * would not help.
 */
export async function openStore(settings: StoreSettings): Promise<Store> {
  const client = createClient(settings.redis);
  const barrier = createClient({ ...settings.redis, name: `${settings.redis.name}-barrier` });
  const target = parseRedisUrl(settings.redis.url);
  let lastError = '';
  const permanent = Promise.withResolvers<never>();
  permanent.promise.catch(() => undefined);
  let isProbed = false;
  const onError = (error: Error) => {
    const { line, isPermanent } = explainConnectionError(error, target);
    lastError = line;
    if (isPermanent) permanent.reject(new RedisMisconfigured(line));
    else if (SILENT.test(line) && !isProbed) {
      isProbed = true;
      void probeTls(target).then((fault) => fault && permanent.reject(fault));
    }
    settings.onConnectionError(line);
  };
  for (const each of [client, barrier]) {
    each.on('error', onError);
    each.on('node error', onError);
  }
  const close = async () => {
    client.disconnect();
    barrier.disconnect();
  };
  try {
    const connected = Promise.all([client, barrier].map((each) => connect(each, START_TIMEOUT_MS)));
    await Promise.race([connected, permanent.promise]).catch((error: unknown) => {
      throw error instanceof RedisMisconfigured ? error : neverConnected(lastError);
    });
    await checkServers(client);
    const runner = new Runner(client, barrier, {
      silenceMs: settings.redis.commandTimeoutMs,
      mayWait: settings.mayWait,
      wire: settings.wire,
    });
    const deadline = { deadlineAtMs: performance.now() + START_TIMEOUT_MS };
    const keyspace = new Keyspace(settings.partitions, 'db' in target ? target.db : 0);
    const issuer = await whileUnavailable(deadline, async () => {
      await checkLayout(runner, settings, deadline);
      await checkAccess(runner, keyspace.partitions[0]?.channel ?? '', deadline);
      const { issuer } = settings;
      return issuer === undefined ? NO_ISSUER : registerIssuer(runner, keyspace, issuer, deadline);
    });
    return {
      client,
      runner,
      keyspace,
      policy: settings.policy,
      issuer,
      keys: createRecords(runner, SHARED_KEYS.keys),
      callers: createRecords(runner, SHARED_KEYS.callers),
      accessFault: () => faultOfAccess(target, settings.redis),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function faultOfAccess(target: RedisTarget, settings: RedisSettings): string | undefined {
  const fault = faultOfTarget(target, settings);
  if (fault !== undefined) return fault;
  try {
    readAccess(target, settings);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function neverConnected(lastError: string): SignumError {
  const within = `no connection to Redis within ${START_TIMEOUT_MS / 1000} s`;
  return new SignumError('STORE_UNAVAILABLE', lastError ? `${within}: ${lastError}` : within);
}

/** What Redis answers to a command that will be answered the same the next time. */
const PERMANENT: Readonly<Record<string, string>> = {
  WRONGTYPE:
    'a key of Signum holds something else: SIGNUM_REDIS_URL must name a database that nothing else uses',
  NOPERM:
    'the Redis user may not do what a server does: give it the rights of deploy/redis/users.acl',
  NOAUTH: 'Redis wants a password: SIGNUM_REDIS_URL or SIGNUM_REDIS_PASSWORD_FILE must hold it',
  READONLY: 'SIGNUM_REDIS_URL leads to a replica: it must lead to the primary',
};

/** A server that starts while Redis fails over waits for it; one that serves answers at once. */
async function whileUnavailable<T>(deadline: Deadline, action: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await action();
    } catch (error) {
      throwIfPermanent(error);
      const passing = error instanceof SignumError && error.reason === 'STORE_UNAVAILABLE';
      if (!passing || performance.now() + START_RETRY_MS >= deadline.deadlineAtMs) throw error;
      await sleep(START_RETRY_MS);
    }
  }
}

function throwIfPermanent(error: unknown): void {
  const code = error instanceof SignumError ? error.metadata['store_code'] : undefined;
  const fault = code === undefined ? undefined : PERMANENT[code];
  if (fault !== undefined) throw new RedisMisconfigured(`${fault} (${code})`);
}
