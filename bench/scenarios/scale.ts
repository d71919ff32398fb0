import type { Contender } from '../contenders/contender.ts';
import { httpContender, requestFile } from '../contenders/http-contender.ts';
import { startBenchRedis } from '../lab/bench-redis.ts';
import type { Lab } from '../lab/lab.ts';
import { openPopulator, type Session } from '../lab/population.ts';
import { cpuMs } from '../lab/proc.ts';
import { shuffled } from '../load/shuffled.ts';
import { limit } from '../measure/check.ts';
import type { Figure } from '../measure/figure.ts';
import { median } from '../measure/percentiles.ts';
import { measureRounds } from '../measure/rounds.ts';
import { roundsOptions } from '../measure/rounds-options.ts';
import type { Plot } from '../report/svg-plot.ts';
import type { Findings, Scenario } from '../scenario.ts';
import { sweepUnderLoad } from './sweep-under-load.ts';
import { idsCall } from './validate-http.ts';
import { workerFigures } from './worker-figures.ts';

const SIZES = [1_000, 10_000, 100_000, 1_000_000];
/** Distinct sessions that are asked for at each size. */
const ASKED = 100_000;
const CLAIM = 'cost per validate, most sessions / fewest';

export const scale: Scenario = {
  name: 'scale',
  title: 'Validate as sessions, workers and expiries grow',
  async run(lab: Lab): Promise<Findings> {
    const absent = lab.missing.get('wrk');
    if (absent) {
      return { figures: [], checks: [limit(CLAIM, 'at most', 1.1, ' ×', undefined, absent)] };
    }
    const sizes = SIZES.filter((size) => size < lab.options.sessions);
    const grown = await measureSizes(lab, [...sizes, lab.options.sessions]);
    const first = grown.costs[0];
    const last = grown.costs.at(-1);
    const growth = first && last && last.totalUs / first.totalUs;
    const sweep = await sweepUnderLoad(lab);
    const workers = await workerFigures(lab);
    const plot: Plot = {
      name: 'cost-by-size',
      title: 'Cost of a validate against the number of sessions',
      xLabel: 'sessions in Redis',
      yLabel: 'CPU time per call, µs',
      logX: true,
      series: (['serverUs', 'redisUs'] as const).map((key) => ({
        name: key === 'serverUs' ? 'server' : 'Redis',
        points: grown.costs.map((cost) => [cost.size, cost[key]] as const),
      })),
    };
    return {
      figures: [...grown.figures, ...sweep.figures, ...workers.figures],
      checks: [limit(CLAIM, 'at most', 1.1, ' ×', growth), ...sweep.checks, ...workers.checks],
      plots: [plot],
      notes: [...sweep.notes, ...workers.notes],
    };
  },
};

interface Cost {
  readonly size: number;
  readonly serverUs: number;
  readonly redisUs: number;
  readonly totalUs: number;
}

/** One Redis and one server for each size, so that the sizes can take turns. */
async function measureSizes(lab: Lab, sizes: readonly number[]) {
  const redisUs = sizes.map((): number[] => []);
  const contenders: Contender[] = [];
  const stops: (() => Promise<unknown>)[] = [];
  for (const [index, size] of sizes.entries()) {
    const redis = await startBenchRedis(lab.dir, `redis-${size}`, lab.cpus.load);
    const populator = await openPopulator(redis.url, lab.credentials);
    lab.log(`  making ${size} sessions ...`);
    const made = await populator.populate({ count: size, firstUser: 0, signed: false });
    const server = await lab.startSignum({ redisUrl: redis.url });
    const file = requestFile(
      lab,
      `size-${size}`,
      asked(made).map((each) => idsCall(lab, each)),
    );
    const name = `Signum, ${size.toLocaleString('en')} sessions`;
    const contender = httpContender(lab, name, server, file);
    contenders.push({
      ...contender,
      async load(seconds) {
        const before = cpuMs(redis.pid);
        const result = await contender.load(seconds);
        redisUs[index]?.push(((cpuMs(redis.pid) - before) * 1_000) / result.calls);
        return result;
      },
    });
    stops.push(
      () => server.stop(),
      () => populator.close(),
      () => redis.stop(),
    );
  }
  const figures: Figure[] = await measureRounds(contenders, roundsOptions(lab));
  for (const stop of stops) await stop();
  const costs = figures.map(({ cpuUs }, index): Cost => {
    // Without the warm-up.
    const inRedis = median(redisUs[index]?.slice(-lab.options.rounds) ?? []);
    const size = sizes[index] ?? 0;
    return { size, serverUs: cpuUs.median, redisUs: inRedis, totalUs: cpuUs.median + inRedis };
  });
  return { figures, costs };
}

function asked(sessions: readonly Session[]): readonly Session[] {
  return shuffled(sessions).slice(0, ASKED);
}
