import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from '../../setup/redis-sentinel.ts';
import { until } from '../../setup/until.ts';
import type { Rig, TopologyName } from './rig.ts';
import { type Answer, steadyLoad } from './steady-load.ts';
import { type Stage, withServers } from './with-servers.ts';

const HOWS = ['SIGSTOP', 'SIGKILL'] as const;
type How = (typeof HOWS)[number];

export interface StoppedReport {
  readonly scenario: 'stopped';
  readonly topology: TopologyName;
  readonly how: How;
  readonly times: number;
  /** Calls that began while every Redis was down, and had their answer before it was back. */
  readonly callsWhileDown: number;
  readonly validWhileDown: number;
  /** Answers other than UNAVAILABLE, STORE_UNAVAILABLE with RetryInfo, by what they were. */
  readonly otherAnswers: Readonly<Record<string, number>>;
  /** Of calls that began once their server had answered one with STORE_UNAVAILABLE. */
  readonly p99Ms: number;
  readonly worstMs: number;
  /** From the stop to the first STORE_UNAVAILABLE. */
  readonly noticedMs: number;
  /** From when Redis itself serves without a gap to the last call that failed; the worst. */
  readonly recoveryMs: number;
  /** What Redis needed for itself; the worst. */
  readonly redisMs: number;
  readonly violations: readonly string[];
}

const DOWN_MS = 1_500;
const CLIENTS = 8;
/** A signal is delivered, and what was in the sockets is read, in a small part of this. */
const SETTLE_MS = 50;
/** All calls succeed for so long when it is over. */
const CALM_MS = 1_000;
const PROBE_MS = 20;
const BOUND_P99_MS = 300;
const BOUND_RECOVERY_MS = 500;

/** Stops every Redis under load, in either way, so many times. */
export function runStopped(topology: TopologyName, times: number): Promise<StoppedReport[]> {
  return withServers(topology, async (stage) => {
    const reports: StoppedReport[] = [];
    for (const how of HOWS) reports.push(await stopAll(stage, how, times));
    return reports;
  });
}

async function stopAll(stage: Stage, how: How, times: number): Promise<StoppedReport> {
  const rounds: Round[] = [];
  for (let i = 0; i < times; i++) rounds.push(await stopOnce(stage, how));
  const down = rounds.flatMap((round) => round.down);
  const known = rounds.flatMap((round) => round.known).map(({ ms }) => ms);
  const figures = {
    callsWhileDown: down.length,
    validWhileDown: down.filter(({ verdict }) => verdict === 'VERDICT_ACTIVE').length,
    otherAnswers: count(down.filter((answer) => !isAsPromised(answer))),
    p99Ms: quantile(known, 0.99),
    worstMs: Math.round(Math.max(0, ...known)),
    noticedMs: worst(rounds.map(({ noticedMs }) => noticedMs)),
    recoveryMs: worst(rounds.map(({ recoveryMs }) => recoveryMs)),
    redisMs: worst(rounds.map(({ redisMs }) => redisMs)),
  };
  const violations = [
    ...(down.length === 0 ? ['no call came while Redis was down'] : []),
    ...(figures.validWhileDown > 0 ? ['a token was valid while Redis was down'] : []),
    ...Object.entries(figures.otherAnswers).map(([name, n]) => `answered ${name}, ${n} times`),
    ...(figures.p99Ms > BOUND_P99_MS ? [`p99 ${figures.p99Ms} ms, once it was known`] : []),
    ...(figures.recoveryMs > BOUND_RECOVERY_MS ? [`${figures.recoveryMs} ms after Redis`] : []),
  ];
  return { scenario: 'stopped', topology: stage.rig.name, how, times, ...figures, violations };
}

interface Round {
  readonly down: readonly Answer[];
  /** Of those the ones whose server knew already. */
  readonly known: readonly Answer[];
  readonly noticedMs: number;
  readonly redisMs: number;
  readonly recoveryMs: number;
}

async function stopOnce({ rig, servers }: Stage, how: How): Promise<Round> {
  await rig.settled();
  const load = await steadyLoad(servers, CLIENTS);
  try {
    await sleep(500);
    const stoppedMs = performance.now();
    if (how === 'SIGSTOP') for (const node of rig.nodes) node.signal('SIGSTOP');
    else await Promise.all(rig.nodes.map((node) => node.kill()));
    const downMs = performance.now() + SETTLE_MS;
    await sleep(DOWN_MS);
    const mendedMs = performance.now();
    for (const node of rig.nodes) {
      if (how === 'SIGSTOP') node.signal('SIGCONT');
      else node.start();
    }
    const redis = watchRedis(rig);
    let redisUpMs = 0;
    try {
      await until('all is calm', () => {
        redisUpMs = redis.upSinceMs();
        // Which of the two it was waited for in vain.
        if (performance.now() - redisUpMs <= CALM_MS) throw new Error('Redis does not serve');
        if (!load.isCalm(CALM_MS)) throw new Error('Redis serves, and calls fail');
        return true;
      });
    } finally {
      await redis.stop();
    }
    const { answers } = load;
    const down = answers.filter((a) => a.fromMs >= downMs && a.toMs < mendedMs);
    const failed = answers.filter((a) => a.failure?.reason === 'STORE_UNAVAILABLE');
    const noticedBy = new Map(
      servers.map((server) => [
        server,
        Math.min(...failed.filter((a) => a.server === server).map(({ toMs }) => toMs)),
      ]),
    );
    return {
      down,
      known: down.filter((a) => a.fromMs > (noticedBy.get(a.server) ?? 0)),
      noticedMs: Math.max(...noticedBy.values()) - stoppedMs,
      redisMs: redisUpMs - mendedMs,
      recoveryMs: Math.max(0, ...failed.map(({ toMs }) => toMs - redisUpMs)),
    };
  } finally {
    await load.stop();
  }
}

/** Asks Redis itself, again and again, until told to stop: since when it has served without a gap. */
function watchRedis(rig: Rig) {
  let upSinceMs = Number.POSITIVE_INFINITY;
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      const serves = await isServing(rig).catch(() => false);
      if (!serves) upSinceMs = Number.POSITIVE_INFINITY;
      else upSinceMs = Math.min(upSinceMs, performance.now());
      await sleep(PROBE_MS);
    }
  })();
  return {
    stop: async () => {
      isOver = true;
      await watching;
    },
    upSinceMs: () => upSinceMs,
  };
}

/** Whether every primary takes a write, and nobody else thinks that it is one. */
async function isServing(rig: Rig): Promise<boolean> {
  const primaries = await rig.primaries();
  const isPrimary = await Promise.all(
    rig.nodes.map(({ port }) =>
      ask(port, async (redis) => /^role:master/m.test(await redis.info('replication'))),
    ),
  );
  await Promise.all(primaries.map(({ port }) => ask(port, writesOwnKey)));
  return primaries.length > 0 && isPrimary.filter(Boolean).length === primaries.length;
}

/** Writes to some partition that the server holds. */
async function writesOwnKey(redis: Parameters<Parameters<typeof ask>[1]>[0]): Promise<void> {
  const [, keys] = await redis.scan(0, 'MATCH', 'signum:{*', 'COUNT', 1000);
  const tag = /\{(\d+)\}/.exec(keys[0] ?? '')?.[1];
  if (tag === undefined) throw new Error('it holds no partition');
  await redis.call('INCRBY', `signum:{${tag}}:revision`, '0');
}

function isAsPromised({ failure }: Answer): boolean {
  return (
    failure?.code === 'unavailable' &&
    failure.reason === 'STORE_UNAVAILABLE' &&
    (failure.retryAfterMs ?? 0) > 0
  );
}

function count(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { method, failure, verdict } of answers) {
    const name = `${method} ${failure?.reason ?? verdict ?? 'OK'}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0);
}

function worst(values: readonly number[]): number {
  return Math.round(Math.max(0, ...values));
}
