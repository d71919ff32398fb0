import type { Contender } from '../contenders/contender.ts';
import { requestFile } from '../contenders/http-contender.ts';
import type { Lab } from '../lab/lab.ts';
import type { Signum } from '../lab/signum.ts';
import { type FanoutResult, runSubscribers } from '../load/run-subscribers.ts';
import { revokeBytes } from '../load/signum-calls.ts';
import { limit } from '../measure/check.ts';
import { median } from '../measure/percentiles.ts';
import type { Findings, Scenario } from '../scenario.ts';

const SUBSCRIBERS = 1_000;
const REVOCATIONS_PER_SECOND = 100;

export const feedFanout: Scenario = {
  name: 'feed-fanout',
  group: 'edge',
  title: `${SUBSCRIBERS.toLocaleString('en')} subscribers of the feed, each on a connection of its own, ${REVOCATIONS_PER_SECOND} revocations a second`,
  async run(lab: Lab): Promise<Findings> {
    const watching = await measure(lab, false);
    const edges = await measure(lab, true);
    const count = Math.min(SUBSCRIBERS, lab.options.tokens).toLocaleString('en');
    return {
      figures: [],
      checks: [
        limit(`CPU of the server, ${count} subscribers`, 'at most', 25, ' %', shareOf(watching)),
        limit('server RSS, last third / first third', 'at most', 1.05, ' ×', growth(watching)),
        limit('events that were missed, or told twice', 'at most', 0, '', watching.missed),
      ],
      notes: [
        describe('Subscribers that only listen', watching),
        describe('Edges, each of which renews its lease four times a second', edges),
      ],
      load: async (server) => fanoutContender(lab, server),
    };
  },
};

async function measure(lab: Lab, edge: boolean): Promise<FanoutResult> {
  const server = await lab.startSignum();
  try {
    const result = await loadOn(lab, server, edge, lab.options.seconds * lab.options.rounds);
    if (result.failed > 0) throw new Error(`${result.failed} revocations failed`);
    return result;
  } finally {
    await server.stop();
  }
}

async function loadOn(
  lab: Lab,
  { grpcOrigin, pid }: Signum,
  edge: boolean,
  seconds: number,
): Promise<FanoutResult> {
  const count = Math.ceil(seconds * REVOCATIONS_PER_SECOND);
  const sessions = await lab.freshSessions(count);
  const messages = sessions.map(({ refreshToken }) => Buffer.from(revokeBytes(refreshToken)));
  const { apiKey, caFile } = lab.credentials;
  return runSubscribers(lab.cpus.load, {
    ...{ origin: grpcOrigin, serverPid: pid, apiKey, edge },
    ...(lab.options.tls && { caFile }),
    subscribers: Math.min(SUBSCRIBERS, lab.options.tokens),
    revocationFile: requestFile(lab, 'fanout', messages),
    revocationsPerSecond: REVOCATIONS_PER_SECOND,
  });
}

function fanoutContender(lab: Lab, server: Signum): Contender {
  return {
    name: 'feed',
    pid: server.pid,
    async load(seconds) {
      const { responses, ...result } = await loadOn(lab, server, true, seconds);
      return { ...result, calls: responses, latency: { p50Us: 0, p99Us: 0, p999Us: 0 } };
    },
  };
}

function shareOf({ cpuMs, seconds }: FanoutResult): number {
  return cpuMs / seconds / 10;
}

function growth({ memory }: FanoutResult): number {
  const bytes = memory.map(([, each]) => each);
  const third = Math.max(1, Math.floor(bytes.length / 3));
  return median(bytes.slice(-third)) / median(bytes.slice(0, third));
}

function describe(what: string, result: FanoutResult): string {
  const { responses, seconds, cpuMs, memory } = result;
  const rate = Math.round(responses / seconds).toLocaleString('en');
  const each = ((cpuMs * 1_000) / responses).toFixed(0);
  const peak = Math.round(Math.max(0, ...memory.map(([, bytes]) => bytes)) / 2 ** 20);
  return `${what}: ${shareOf(result).toFixed(1)} % of a core for ${rate} responses a second, ${each} µs each; RSS ${peak} MiB at most.`;
}
