import type { Finding } from './finding.ts';

type Info = ReadonlyMap<string, string>;

/** CONFIG GET's answer; undefined where the ACL refuses CONFIG. */
type Settings = ReadonlyMap<string, string> | undefined;

type Check = (info: Info, settings: Settings) => Finding | undefined;

/**
 * What the doctor looks at beyond what every server checks for its readiness (src/store/health.ts):
 * settings under which Redis works and may still lose a revocation.
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
