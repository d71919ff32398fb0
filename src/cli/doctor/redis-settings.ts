import type { Finding } from './finding.ts';

type Info = ReadonlyMap<string, string>;

/** CONFIG GET's answer; undefined where the ACL refuses CONFIG. */
type Settings = ReadonlyMap<string, string> | undefined;

type Check = (info: Info, settings: Settings) => Finding | undefined;

const OLDEST_MAJOR = 7;

/**
 * What the doctor looks at beyond what every server checks for its readiness (src/store/health.ts):
 * settings under which Redis works and may still lose a revocation.
 */
const CHECKS: readonly Check[] = [
  (info) => {
    // Valkey reports the Redis version that it is compatible with.
    const version = info.get('redis_version') ?? '0';
    if (Number.parseInt(version, 10) >= OLDEST_MAJOR) return undefined;
    return {
      severity: 'error',
      subject: 'version',
      problem: `Redis ${version} lacks script flags and MINID trimming`,
      fix: 'upgrade to Redis 7.0 or later, or to Valkey',
    };
  },
  (info, settings) => {
    if (settings?.get('appendfsync') !== 'no' || info.get('aof_enabled') !== '1') return undefined;
    return {
      severity: 'warning',
      subject: 'appendfsync',
      problem: 'when to write to disk is left to the kernel: a power cut may undo half a minute',
      fix: 'CONFIG SET appendfsync everysec, or always',
    };
  },
  (info, settings) => {
    if (info.get('connected_slaves') === '0' || requiresReplicas(info, settings)) return undefined;
    return {
      severity: 'warning',
      subject: 'min-replicas-to-write',
      problem: 'a primary cut off from its replicas goes on answering after another took its place',
      fix: 'CONFIG SET min-replicas-to-write 1, and min-replicas-max-lag 2',
    };
  },
  (info) => {
    if (info.get('aof_enabled') !== '1' || info.get('aof_last_write_status') !== 'err') {
      return undefined;
    }
    return {
      severity: 'error',
      subject: 'aof_last_write_status',
      problem: 'the last write of the append-only file failed: Redis refuses writes',
      fix: 'free disk space, and look at the Redis log',
    };
  },
  (_, settings) => {
    if (settings) return undefined;
    return {
      severity: 'note',
      subject: 'CONFIG',
      problem: 'the ACL refuses CONFIG: judged by INFO alone, which does not tell appendfsync',
      fix: '',
    };
  },
];

export function judgeSettings(info: Info, settings: Settings): Finding[] {
  return CHECKS.flatMap((check) => check(info, settings) ?? []);
}

/** INFO names the good replicas only when a minimum of them is set. */
function requiresReplicas(info: Info, settings: Settings): boolean {
  const minimum = settings?.get('min-replicas-to-write') ?? settings?.get('min-slaves-to-write');
  return minimum === undefined ? info.has('min_slaves_good_slaves') : Number(minimum) > 0;
}
