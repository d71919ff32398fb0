import type { Redis } from 'ioredis';
import type { Deadline } from '../../domain/call.ts';
import type { Durability } from '../../domain/session.ts';
import type { Runner } from '../dispatch/runner.ts';
import { storeFault } from './faults.ts';

/** Something about Redis that endangers what the service promises, and the line that mends it. */
export interface StoreFinding {
  /** `error`: the promise does not hold. `warning`: it holds until something else goes wrong. */
  readonly severity: 'error' | 'warning';
  /** The setting or state, such as `maxmemory-policy`. */
  readonly subject: string;
  readonly problem: string;
  /** What to set or do. */
  readonly fix: string;
}

/** What the service is configured to promise, as far as Redis must be able to do it. */
export type Wanted = Pick<Durability, 'fsync'>;

const NOTHING: Wanted = { fsync: false };

/** The subject of what is found when Redis is too old for what is wanted of it. */
export const VERSION = 'version';

/**
 * Looks at every primary that the client talks to, by INFO and CLUSTER INFO alone: the service's user
 * has no right to CONFIG. So `appendfsync` and `replica-serve-stale-data` cannot be seen here; the
 * advice on their neighbours names them. Rejects if a primary cannot be asked.
 */
export async function checkHealth(
  runner: Runner,
  deadline: Deadline,
  wanted: Wanted = NOTHING,
): Promise<StoreFinding[]> {
  const infos = await runner.readAll(deadline, lookAt);
  // The client forgets the nodes of a Cluster that are gone, in the end all of them.
  if (infos.length === 0) throw storeFault(new Error('CLUSTERDOWN no primary is known'));
  return infos.flatMap((info) => judge(info, wanted));
}

async function lookAt(node: Redis): Promise<ReadonlyMap<string, string>> {
  const info = parseInfo(await node.info());
  if (info.get('cluster_enabled') !== '1') return info;
  return new Map([...info, ...parseInfo(String(await node.cluster('INFO')))]);
}

/** The `name:value` lines of an INFO reply. */
export function parseInfo(text: string): ReadonlyMap<string, string> {
  const lines = text.split('\r\n').filter((line) => line.includes(':') && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  );
}

/** What one primary's INFO gives away about its settings. */
export function judge(info: ReadonlyMap<string, string>, wanted: Wanted = NOTHING): StoreFinding[] {
  return CHECKS.flatMap((check) => check(info, wanted) ?? []);
}

type Check = (info: ReadonlyMap<string, string>, wanted: Wanted) => StoreFinding | undefined;

const OLDEST = [7, 0] as const;
const FIRST_WITH_WAITAOF = [7, 2] as const;

const CHECKS: readonly Check[] = [
  (info) =>
    isOlder(info, OLDEST)
      ? {
          severity: 'error',
          subject: VERSION,
          problem: `Redis ${info.get('redis_version')} lacks script flags and MINID trimming`,
          fix: 'upgrade to Redis 7.0 or later, or to Valkey',
        }
      : undefined,
  (info, { fsync }) =>
    fsync && isOlder(info, FIRST_WITH_WAITAOF)
      ? {
          severity: 'error',
          subject: VERSION,
          problem: `Redis ${info.get('redis_version')} cannot say what is on disk: it has no WAITAOF, which durability.fsync needs`,
          fix: 'upgrade to Redis 7.2 or later or to Valkey, or unset SIGNUM_DURABILITY_FSYNC and set appendfsync always',
        }
      : undefined,
  (info) =>
    info.get('role') === 'master'
      ? undefined
      : {
          severity: 'error',
          subject: 'role',
          problem: `the server is a ${info.get('role') ?? 'stranger'}, not a primary`,
          fix: 'point SIGNUM_REDIS_URL at the primary, or at Sentinel or the Cluster',
        },
  (info) =>
    info.get('maxmemory_policy') === 'noeviction'
      ? undefined
      : {
          severity: 'error',
          subject: 'maxmemory-policy',
          problem: `${info.get('maxmemory_policy')} may evict sessions and revocations`,
          fix: 'CONFIG SET maxmemory-policy noeviction',
        },
  (info) =>
    info.get('aof_enabled') === '1'
      ? undefined
      : {
          severity: 'warning',
          subject: 'appendonly',
          problem: 'a restart forgets what happened since the last snapshot',
          fix: 'CONFIG SET appendonly yes, with appendfsync everysec or always, which INFO does not tell',
        },
  (info) =>
    info.get('loading') === '1'
      ? {
          severity: 'error',
          subject: 'loading',
          problem: 'the server is loading its data',
          fix: 'wait until it has',
        }
      : undefined,
  (info) =>
    info.get('aof_enabled') === '1' && info.get('aof_last_write_status') === 'err'
      ? {
          severity: 'error',
          subject: 'aof_last_write_status',
          problem: 'the append-only file could not be written: writes are refused',
          fix: 'free disk space, and look at the log of Redis',
        }
      : undefined,
  (info) =>
    Number(info.get('connected_slaves') ?? 0) > 0 && !info.has('min_slaves_good_slaves')
      ? {
          severity: 'warning',
          subject: 'min-replicas-to-write',
          problem: 'a primary that is cut off goes on answering after another took its place',
          fix: 'CONFIG SET min-replicas-to-write 1 and min-replicas-max-lag 2, and replica-serve-stale-data no, which INFO does not tell',
        }
      : undefined,
  (info) =>
    info.get('master_failover_state') === undefined ||
    info.get('master_failover_state') === 'no-failover'
      ? undefined
      : {
          severity: 'warning',
          subject: 'master_failover_state',
          problem: 'the primary is handing over and holds writes back',
          fix: 'wait until it has',
        },
  (info) =>
    (info.get('cluster_state') ?? 'ok') === 'ok'
      ? undefined
      : {
          severity: 'error',
          subject: 'cluster_state',
          problem: 'the cluster does not serve all slots, and refuses every call',
          fix: 'bring the missing nodes back, or CLUSTER FAILOVER TAKEOVER on a replica of theirs',
        },
];

/** Valkey reports the version of Redis that it is compatible with, beside its own. */
function isOlder(info: ReadonlyMap<string, string>, [major, minor]: readonly [number, number]) {
  const [, has, andHas] = /^(\d+)\.(\d+)/.exec(info.get('redis_version') ?? '') ?? [];
  if (has === undefined) return false;
  return Number(has) < major || (Number(has) === major && Number(andHas) < minor);
}
