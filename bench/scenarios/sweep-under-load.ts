import { setTimeout as delay } from 'node:timers/promises';
import type { Store } from '../../src/store/store.ts';
import { httpContender, requestFile } from '../contenders/http-contender.ts';
import { startBenchRedis } from '../lab/bench-redis.ts';
import type { Lab } from '../lab/lab.ts';
import { openPopulator } from '../lab/population.ts';
import { limit } from '../measure/check.ts';
import { measureRounds } from '../measure/rounds.ts';
import { roundsOptions } from '../measure/rounds-options.ts';
import { idsCall } from './validate-http.ts';

const EXPIRIES = 100_000;
const LIVE = 1_000;
const SWEEP_TIMEOUT_MS = 120_000;
const HOUR_MS = 3_600_000;

/** Validates before 100,000 sessions expire at once, while they are swept, and afterwards. */
export async function sweepUnderLoad(lab: Lab) {
  const expiries = Math.min(EXPIRIES, lab.options.sessions);
  const redis = await startBenchRedis(lab.dir, 'redis-sweep', lab.cpus.load);
  const populator = await openPopulator(redis.url, lab.credentials);
  try {
    const live = await populator.populate({ count: LIVE, firstUser: 0, signed: false });
    const file = requestFile(
      lab,
      'sweep',
      live.map((session) => idsCall(lab, session)),
    );
    const server = await lab.startSignum({ redisUrl: redis.url });
    const options = roundsOptions(lab);
    const load = (name: string) => httpContender(lab, name, server, file);
    const [before] = await measureRounds([load('Signum before expiries')], options);

    await server.stop();
    lab.log(`  making ${expiries} sessions that expire ...`);
    const lifetimes = { accessMs: 1_000, refreshMs: 1_000, sessionMs: HOUR_MS };
    await populator.populate({ count: expiries, firstUser: LIVE, signed: false, lifetimes });
    await delay(1_500);
    const sweeping = await lab.startSignum({ redisUrl: redis.url });
    const busy = httpContender(lab, 'Signum during the sweep', sweeping, file);
    const startedAt = performance.now();
    const swept = waitUntilSwept(populator.store, LIVE);
    const [during] = await measureRounds([busy], { ...options, rounds: 1, warmUpSeconds: 0 });
    const sweptMs = (await swept) ? performance.now() - startedAt : undefined;
    const after = httpContender(lab, 'Signum after the sweep', sweeping, file);
    const [later] = await measureRounds([after], options);
    await sweeping.stop();

    const growth = before && later && later.cpuUs.median / before.cpuUs.median;
    const what = `${expiries.toLocaleString('en')} expiries`;
    return {
      figures: [before, during, later].filter((figure) => figure !== undefined),
      checks: [limit(`cost per validate after ${what} / before`, 'at most', 1.1, ' ×', growth)],
      notes: [
        sweptMs === undefined
          ? `${what} were not swept within ${SWEEP_TIMEOUT_MS / 1_000} s.`
          : `${what} at once were swept ${(sweptMs / 1_000).toFixed(1)} s after the server started, or sooner: under load throughout.`,
      ],
    };
  } finally {
    await populator.close();
    await redis.stop();
  }
}

/** Whether nothing but the live sessions is left in the expiry index in time. */
async function waitUntilSwept({ client, keyspace }: Store, live: number): Promise<boolean> {
  const giveUpAt = performance.now() + SWEEP_TIMEOUT_MS;
  while (performance.now() < giveUpAt) {
    const sizes = await Promise.all(keyspace.partitions.map(({ expiry }) => client.zcard(expiry)));
    if (sizes.reduce((sum, size) => sum + size, 0) <= live) return true;
    await delay(100);
  }
  return false;
}
