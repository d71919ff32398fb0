import type { Redis } from 'ioredis';
import { parseInfo } from '../../store/client/health.ts';
import { SHARED_KEYS } from '../../store/scripts/keys.ts';
import type { Examination, Finding } from './finding.ts';
import { addressOf } from './primaries.ts';
import { readSettings } from './redis-settings.ts';

export interface EdgeSettings {
  readonly leaseMs: number;
  readonly failoverWindowMs: number;
}

/** What Redis notices a silent replica by is looked at once a second. */
const LOOK_MS = 1_000;

/**
 * How far behind an edge can be: a lease, and after a failover the time in which the primary before may
 * go on vouching for it as well.
 *
 * @param stored the deployment's lease in milliseconds, as its servers have agreed on it
 */
export async function examineEdges(
  nodes: readonly Redis[],
  { leaseMs, failoverWindowMs }: EdgeSettings,
  stored: string | null,
): Promise<Examination> {
  const windows = await Promise.all(
    nodes.map(async (each) => [each, await windowOf(each)] as const),
  );
  const longestMs = Math.max(0, ...windows.map(([, { ms }]) => ms));
  const bound = Number.isFinite(longestMs) ? seconds(leaseMs + longestMs) : 'without bound';
  return {
    area: 'Edges',
    facts: [
      `lease ${seconds(leaseMs)}, failover window ${Number.isFinite(longestMs) ? seconds(longestMs) : 'open'}`,
      `an edge accepts an ended token for ${seconds(leaseMs)} at most, ${bound} after a failover`,
    ],
    findings: [
      ...(stored && Number(stored) !== leaseMs ? [otherLease(Number(stored), leaseMs)] : []),
      ...windows.flatMap(([each, window]) => judge(addressOf(each), window, failoverWindowMs)),
    ],
  };
}

interface Window {
  /** Infinity where nothing stops a primary that has been replaced. */
  readonly ms: number;
  /** Whether it had to be guessed, because CONFIG is refused. */
  readonly isGuess: boolean;
  readonly detectMs: number | undefined;
}

async function windowOf(node: Redis): Promise<Window> {
  const info = parseInfo(await node.info());
  const settings = await readSettings(node);
  const detect = settings?.get('cluster-node-timeout');
  const isCluster = info.get('cluster_enabled') === '1';
  const detectMs = isCluster && detect !== undefined ? Number(detect) : undefined;
  // Nobody can take its place.
  if (Number(info.get('connected_slaves') ?? 0) === 0) return { ms: 0, isGuess: false, detectMs };
  if (!info.has('min_slaves_good_slaves')) {
    return { ms: Number.POSITIVE_INFINITY, isGuess: false, detectMs };
  }
  const lag = settings?.get('min-replicas-max-lag');
  const ms = lag === undefined ? 0 : Number(lag) * 1_000 + LOOK_MS;
  return { ms, isGuess: lag === undefined, detectMs };
}

function judge(
  address: string,
  { ms, isGuess, detectMs }: Window,
  configuredMs: number,
): Finding[] {
  const subject = `failover window of ${address}`;
  if (ms === Number.POSITIVE_INFINITY) {
    const problem =
      'once replaced, it vouches for edges as long as they can reach it: their staleness and a fenced revocation have no bound';
    const fix = 'CONFIG SET min-replicas-to-write 1 and min-replicas-max-lag 2';
    return [{ severity: 'warning', subject, problem, fix }];
  }
  if (isGuess) {
    const problem = `the ACL refuses CONFIG: whether min-replicas-max-lag is below ${seconds(configuredMs)} is not known`;
    return [{ severity: 'note', subject, problem, fix: '' }];
  }
  const findings: Finding[] = [];
  if (ms > configuredMs) {
    const problem = `a fenced revocation after a failover waits for ${seconds(configuredMs)}, but it may go on answering for ${seconds(ms)} (min-replicas-max-lag and a second)`;
    const fix = `set SIGNUM_REDIS_FAILOVER_WINDOW=${ms / 1_000}s, or lower min-replicas-max-lag`;
    findings.push({ severity: 'error', subject, problem, fix });
  }
  if (detectMs !== undefined && detectMs <= ms) {
    const problem = `another may take its place after ${seconds(detectMs)} (cluster-node-timeout), while it still answers`;
    const fix = `CONFIG SET cluster-node-timeout ${ms + LOOK_MS}, or lower min-replicas-max-lag`;
    findings.push({ severity: 'note', subject, problem, fix });
  }
  return findings;
}

function otherLease(stored: number, configured: number): Finding {
  const problem = `the deployment's lease is ${seconds(stored)}, the configuration here says ${seconds(configured)}`;
  const fix = `set SIGNUM_EDGE_LEASE=${stored / 1_000}s: a server with another one refuses to start`;
  return { severity: 'warning', subject: SHARED_KEYS.meta, problem, fix };
}

function seconds(ms: number): string {
  return `${ms / 1_000} s`;
}
