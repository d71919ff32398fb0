import type { Contender } from '../contenders/contender.ts';
import { startHelper } from '../contenders/helper-server.ts';
import { httpContender, type Served } from '../contenders/http-contender.ts';
import { benchmarkScript } from '../contenders/redis-benchmark.ts';
import type { Lab } from '../lab/lab.ts';
import type { Session } from '../lab/population.ts';
import { runReplay } from '../load/replay.ts';
import { limit } from '../measure/check.ts';
import type { Figure } from '../measure/figure.ts';
import { measureRounds } from '../measure/rounds.ts';
import { roundsOptions } from '../measure/rounds-options.ts';
import type { Plot } from '../report/svg-plot.ts';
import type { Findings, Scenario } from '../scenario.ts';
import { idsLoad, writeAnswer } from './validate-http.ts';

const SHARES = [0.1, 0.25, 0.5, 0.75, 0.9];
const OPEN_CONNECTIONS = 64;
/** What Signum may take on top of the empty handler and a round trip to Redis, in microseconds. */
const ALLOWANCE_US = 150;

const P50 = 'one at a time: p50 beyond empty handler and Redis';
const P99 = 'at 50 % of the maximum: p99 / p50';

export const latency: Scenario = {
  name: 'latency',
  title: 'Latency of Validate by ids over HTTP/1.1: one call at a time, and at fixed rates',
  async run(lab: Lab): Promise<Findings> {
    const absent = lab.missing.get('wrk');
    if (absent) return skipped(absent);
    const sessions = await lab.sessions(1_000);
    const { signum, file } = await idsLoad(lab, sessions);
    const answerFile = await writeAnswer(lab, signum.origin, sessions);
    const bare = await startHelper(lab, 'bare-http-server.ts', { answerFile });
    const single = { connections: 1 };
    const alone = await measureRounds(
      [
        httpContender(lab, 'Signum, one at a time', signum, file, single),
        httpContender(lab, 'bare handler, one at a time', bare, file, single),
        httpContender(lab, 'Signum, as many as it takes', signum, file),
      ],
      roundsOptions(lab),
    );
    const [self, empty, full] = alone;
    const maximum = full?.perSecond.median ?? 0;
    const atRate = (name: string, server: Served, share: number) =>
      rateContender(lab, name, server, file, maximum, share);
    const fixed = await measureRounds(
      [
        ...SHARES.map((share) => atRate('Signum', signum, share)),
        atRate('bare handler', bare, 0.5),
      ],
      // The client warms up in every run.
      { ...roundsOptions(lab), warmUpSeconds: 0 },
    );
    const rates = fixed.slice(0, SHARES.length);
    const half = rates[SHARES.indexOf(0.5)];
    const bareHalf = fixed.at(-1);

    const redis = await benchmarkScript(lab, sessions[0] as Session, {
      clients: 1,
      pipeline: 1,
      calls: Math.ceil(2_000 * lab.options.seconds),
    });
    const beyond = redis && (self?.p50Us.median ?? 0) - (empty?.p50Us.median ?? 0) - redis.p50Us;
    const ratio = half && half.p99Us.median / half.p50Us.median;
    const plot: Plot = {
      name: 'latency-by-load',
      title: 'Validate: latency against load',
      xLabel: 'calls per second, Poisson arrivals',
      yLabel: 'latency, µs',
      series: (['p50Us', 'p99Us'] as const).map((key) => ({
        name: key === 'p50Us' ? 'p50' : 'p99',
        points: rates.map((figure, i) => [maximum * (SHARES[i] ?? 0), figure[key].median] as const),
      })),
    };
    return {
      figures: [...alone, ...fixed],
      checks: [
        limit(P50, 'at most', ALLOWANCE_US, ' µs', beyond, lab.missing.get('redis-benchmark')),
        limit(P99, 'at most', 4, ' ×', ratio),
      ],
      plots: [plot],
      notes: [
        ...(redis ? [`One validate script in Redis, there and back: ${redis.p50Us} µs.`] : []),
        ...(bareHalf ? [byThemselves(bareHalf)] : []),
      ],
      load: async (server) => atRate('Signum', server, 0.5),
    };
  },
};

function rateContender(
  lab: Lab,
  name: string,
  { pid, origin }: Served,
  requestFile: string,
  maximum: number,
  share: number,
): Contender {
  const rate = Math.max(1, Math.round(maximum * share));
  return {
    name: `${name} at ${share * 100} % of that`,
    pid,
    load: (seconds) =>
      runReplay(lab.cpus.load, {
        ...{ origin, requestFile, rate, seconds },
        connections: OPEN_CONNECTIONS,
      }),
  };
}

function byThemselves({ p50Us, p99Us }: Figure): string {
  const [p50, p99] = [p50Us, p99Us].map(({ median }) => Math.round(median));
  return `What the load generator, the machine and Node add by themselves, the bare handler shows at 50 % of Signum's maximum: p50 ${p50} µs, p99 ${p99} µs.`;
}

function skipped(why: string): Findings {
  return {
    figures: [],
    checks: [
      limit(P50, 'at most', ALLOWANCE_US, ' µs', undefined, why),
      limit(P99, 'at most', 4, ' ×', undefined, why),
    ],
  };
}
