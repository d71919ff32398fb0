import { availableParallelism } from 'node:os';
import type { Contender } from '../contenders/contender.ts';
import { httpContender } from '../contenders/http-contender.ts';
import type { Lab } from '../lab/lab.ts';
import { throughputRatio } from '../measure/check.ts';
import { measureRounds } from '../measure/rounds.ts';
import { roundsOptions } from '../measure/rounds-options.ts';
import { idsLoad } from './validate-http.ts';

/** One worker and as many as there are CPUs, on all CPUs, with Redis and the load among them. */
export async function workerFigures(lab: Lab) {
  const cores = availableParallelism();
  const { file } = await idsLoad(lab, await lab.sessions(1_000));
  const counts = [...new Set([1, cores])];
  const contenders: Contender[] = [];
  const stops: (() => Promise<void>)[] = [];
  for (const workers of counts) {
    const server = await lab.startSignum({ workers, cpus: lab.cpus.all });
    stops.push(() => server.stop());
    contenders.push(httpContender(lab, `Signum, workers: ${workers}`, server, file));
  }
  const figures = await measureRounds(contenders, roundsOptions(lab));
  for (const stop of stops) await stop();
  // Redis and the load need a CPU to themselves before a worker more can show.
  const few = cores < 4;
  const check = throughputRatio(
    `${cores} workers / 1 worker`,
    0.7 * cores,
    few ? undefined : figures[1],
    few ? undefined : figures[0],
    `${cores} CPUs are too few to tell: Redis and the load share them`,
  );
  return {
    figures,
    checks: [check],
    notes: [`The workers have all ${cores} CPUs, which Redis and the load use as well.`],
  };
}
