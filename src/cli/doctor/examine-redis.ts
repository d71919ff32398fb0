import type { Redis } from 'ioredis';
import { judge, parseInfo, type Wanted } from '../../store/client/health.ts';
import { FORMAT } from '../../store/meta.ts';
import { SHARED_KEYS } from '../../store/scripts/keys.ts';
import type { Examination, Finding } from './finding.ts';
import { addressOf } from './primaries.ts';
import { judgeSettings, readSettings } from './redis-settings.ts';

const SKEW_WARNING_MS = 1_000;
const SKEW_ERROR_MS = 60_000;

/** Examines one primary: what it is, how it is set, and whether its clock agrees with this one. */
export async function examineRedis(
  node: Redis,
  now: () => Date,
  wanted: Wanted,
): Promise<Examination> {
  const info = parseInfo(await node.info());
  const settings = await readSettings(node);
  const { skewMs, uncertainMs } = await clockSkew(node, now);
  const version = info.get('valkey_version') ?? info.get('redis_version');
  const replicas = info.get('connected_slaves') ?? '0';
  return {
    area: `Redis at ${addressOf(node)}`,
    facts: [
      `${info.has('valkey_version') ? 'Valkey' : 'Redis'} ${version}, ${info.get('role')}`,
      `${replicas} ${replicas === '1' ? 'replica' : 'replicas'}`,
      `clock ${skewMs >= 0 ? '+' : ''}${skewMs} ms (±${uncertainMs} ms)`,
    ],
    findings: [
      ...judge(info, wanted),
      ...judgeSettings(info, settings),
      ...judgeSkew(skewMs, uncertainMs),
    ],
  };
}

/** What `signum:meta` says about the deployment; findings if it is absent or unreadable. */
export async function examineMeta(
  read: (key: string) => Promise<Record<string, string>>,
  configured: number,
): Promise<{ readonly partitions: number | undefined; readonly findings: readonly Finding[] }> {
  const meta = await read(SHARED_KEYS.meta);
  const partitions = /^[1-9]\d{0,3}$/.test(meta['partitions'] ?? '')
    ? Number(meta['partitions'])
    : 0;
  if (partitions < 1 || partitions > 1024) {
    const problem = 'no server has set this store up yet, or its record of that is damaged';
    const fix = 'start a server; if there are sessions here, restore signum:meta from a backup';
    const finding: Finding = { severity: 'warning', subject: SHARED_KEYS.meta, problem, fix };
    return { partitions: undefined, findings: [finding] };
  }
  return {
    partitions,
    findings: [
      ...differs('partitions', partitions, configured, 'SIGNUM_PARTITIONS'),
      ...(meta['format'] === String(FORMAT) ? [] : [wrongFormat(meta['format'])]),
    ],
  };
}

function differs(name: string, found: number, configured: number, setting: string): Finding[] {
  if (found === configured) return [];
  const problem = `the store was made with ${found} ${name}, the configuration here says ${configured}`;
  const fix = `set ${setting}=${found}: a server with another number refuses to start`;
  return [{ severity: 'warning', subject: SHARED_KEYS.meta, problem, fix }];
}

function wrongFormat(found: string | undefined): Finding {
  const problem = `the data is in format ${found ?? 'unknown'}, this version reads format ${FORMAT}`;
  const fix = 'use the version of Signum that wrote the data';
  return { severity: 'error', subject: SHARED_KEYS.meta, problem, fix };
}

/** Redis' clock against this machine's; half the round trip is how wrong this may be. */
async function clockSkew(node: Redis, now: () => Date) {
  const before = now().getTime();
  const [seconds, micros] = await node.time();
  const after = now().getTime();
  const theirs = Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
  return {
    skewMs: Math.round(theirs - (before + after) / 2),
    // The clock read here has whole milliseconds.
    uncertainMs: Math.ceil((after - before) / 2) + 1,
  };
}

export function judgeSkew(skewMs: number, uncertainMs: number): Finding[] {
  const surelyMs = Math.abs(skewMs) - uncertainMs;
  if (surelyMs < SKEW_WARNING_MS) return [];
  const problem = `its clock is ${Math.abs(skewMs)} ms ${skewMs > 0 ? 'ahead of' : 'behind'} this machine's`;
  const fix =
    'synchronise both clocks (NTP): tokens live by that of Redis, gateways verify by theirs';
  const severity = surelyMs < SKEW_ERROR_MS ? 'warning' : 'error';
  return [{ severity, subject: 'clock', problem, fix }];
}
