import type { Redis } from 'ioredis';
import type { Finding } from './finding.ts';

type Info = ReadonlyMap<string, string>;

/** CONFIG GET's answer; undefined where the ACL refuses CONFIG. */
type Settings = ReadonlyMap<string, string> | undefined;

type Check = (info: Info, settings: Settings) => Finding | undefined;

/** What the doctor asks CONFIG GET for. */
const SETTINGS = [
  'appendfsync',
  'hash-max-listpack-value',
  'min-replicas-max-lag',
  'cluster-node-timeout',
] as const;

/** Bytes of a session's longest value, a user agent's worth, up to which its hash shall stay small. */
const LISTPACK_VALUE = 1024;

/**
 * What the doctor looks at beyond what every server checks for its readiness (src/store/client/health.ts):
 * settings under which Redis works and may still lose a revocation, or takes more memory than it has to.
 */
const CHECKS: readonly Check[] = [
  (info, settings) => {
    if (settings?.get('appendfsync') !== 'no' || info.get('aof_enabled') !== '1') return undefined;
    return {
      severity: 'warning',
      subject: 'appendfsync',
      problem: 'when to write to disk is left to the kernel: a power cut may undo half a minute',
      fix: 'CONFIG SET appendfsync everysec, or always',
    };
  },
  (_, settings) => {
    const bytes = settings?.get('hash-max-listpack-value');
    if (bytes === undefined || Number(bytes) >= LISTPACK_VALUE) return undefined;
    return {
      severity: 'note',
      subject: 'hash-max-listpack-value',
      problem: `a session with metadata or claims of more than ${bytes} bytes takes twice the memory`,
      fix: `CONFIG SET hash-max-listpack-value ${LISTPACK_VALUE}, for sessions that begin from then on`,
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

/** CONFIG GET, which the ACL of a production Redis need not allow: undefined then. */
export async function readSettings(node: Redis): Promise<ReadonlyMap<string, string> | undefined> {
  try {
    const reply = (await node.call('CONFIG', 'GET', ...SETTINGS)) as string[];
    const pairs = Array.from({ length: reply.length / 2 }, (_, i) => reply.slice(2 * i, 2 * i + 2));
    return new Map(pairs as [string, string][]);
  } catch (error) {
    if (/^(NOPERM|ERR unknown command)/.test((error as Error).message)) return undefined;
    throw error;
  }
}
