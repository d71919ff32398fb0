// The process that runReplay starts. Prints a LoadResult as JSON.
import { readFileSync } from 'node:fs';
import { latencyOf } from '../measure/percentiles.ts';
import { readRequests } from './http-request.ts';
import type { LoadResult } from './load-result.ts';
import { openLoop } from './open-loop.ts';
import { openConnection } from './raw-connection.ts';
import type { ReplayPlan } from './replay.ts';

/** See ReplayPlan: Node compiles the client meanwhile, and collects what starting it has left. */
const WARM_UP_SECONDS = 2;

const plan = JSON.parse(process.argv[2] ?? '') as ReplayPlan;
const requests = readRequests(readFileSync(plan.requestFile));
const connections = await Promise.all(
  Array.from({ length: plan.connections }, () => openConnection(plan.origin)),
);
let next = 0;
const warmUpSeconds = Math.min(WARM_UP_SECONDS, plan.seconds);

const startedAt = performance.now();
const { calls, failed, latenciesUs } = await openLoop({
  connections,
  rate: plan.rate,
  seconds: warmUpSeconds + plan.seconds,
  warmUpSeconds,
  nextRequest: () => requests[next++ % requests.length] as Buffer,
});
const seconds = (performance.now() - startedAt) / 1_000;
for (const connection of connections) connection.destroy();
const result: LoadResult = { calls, failed, seconds, latency: latencyOf(latenciesUs) };
console.log(JSON.stringify(result));
