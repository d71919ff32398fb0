// The process that runReplay starts. Prints a LoadResult as JSON.
import { readFileSync } from 'node:fs';
import { latencyOf } from '../measure/percentiles.ts';
import { closedLoop } from './closed-loop.ts';
import { readRequests } from './http-request.ts';
import type { LoadResult } from './load-result.ts';
import type { LoopResult } from './loop.ts';
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
let next = plan.skip;
const nextRequest = () =>
  plan.once && next >= requests.length ? undefined : requests[next++ % requests.length];

const startedAt = performance.now();
const { calls, failed, latenciesUs } = await runLoop();
const seconds = (performance.now() - startedAt) / 1_000;
for (const connection of connections) connection.destroy();
const result: LoadResult = { calls, failed, seconds, latency: latencyOf(latenciesUs) };
console.log(JSON.stringify(result));

function runLoop(): Promise<LoopResult> {
  const options = { connections, nextRequest, seconds: plan.seconds };
  if (plan.rate === undefined) return closedLoop(options);
  const warmUpSeconds = Math.min(WARM_UP_SECONDS, plan.seconds);
  const all = warmUpSeconds + plan.seconds;
  return openLoop({ ...options, rate: plan.rate, seconds: all, warmUpSeconds });
}
