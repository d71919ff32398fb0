// The process that runReplay starts. Prints a LoadResult as JSON.
import { readFileSync } from 'node:fs';
import { latencyOf } from '../measure/percentiles.ts';
import { readRequests } from './http-request.ts';
import { openConnection, type RawConnection } from './raw-connection.ts';
import type { ReplayPlan } from './replay.ts';

const plan = JSON.parse(process.argv[2] ?? '') as ReplayPlan;
const requests = readRequests(readFileSync(plan.requestFile));
const connections = await Promise.all(
  Array.from({ length: plan.connections }, () => openConnection(plan.origin)),
);
const latencies: number[] = [];
let next = plan.skip;
let failed = 0;

const startedAt = performance.now();
const endsAt = startedAt + plan.seconds * 1_000;
if (plan.rate === undefined) await closedLoop();
else await openLoop(plan.rate);
const seconds = (performance.now() - startedAt) / 1_000;
for (const connection of connections) connection.destroy();
const latency = latencyOf(Float64Array.from(latencies));
console.log(JSON.stringify({ calls: latencies.length, failed, seconds, latency }));

function nextRequest(): Buffer | undefined {
  if (plan.once && next >= requests.length) return undefined;
  return requests[next++ % requests.length];
}

async function closedLoop(): Promise<void> {
  await Promise.all(
    connections.map(
      (connection) =>
        new Promise<void>((done) => {
          const step = () => {
            const bytes = performance.now() < endsAt ? nextRequest() : undefined;
            if (bytes === undefined) done();
            else send(connection, bytes, performance.now(), step);
          };
          step();
        }),
    ),
  );
}

/** Poisson arrivals. A call that finds no connection free waits, and its wait counts. */
async function openLoop(rate: number): Promise<void> {
  const free = [...connections];
  const waiting: number[] = [];
  let dueAt = startedAt;
  let open = 0;
  const dispatch = (connection: RawConnection) => {
    const since = waiting.shift();
    const bytes = since === undefined ? undefined : nextRequest();
    if (since === undefined || bytes === undefined) return free.push(connection);
    open += 1;
    return send(connection, bytes, since, () => {
      open -= 1;
      dispatch(connection);
    });
  };
  await new Promise<void>((done) => {
    const tick = () => {
      const now = performance.now();
      for (
        ;
        dueAt <= now && dueAt < endsAt;
        dueAt -= (Math.log(1 - Math.random()) * 1_000) / rate
      ) {
        waiting.push(dueAt);
      }
      while (waiting.length > 0 && free.length > 0) dispatch(free.pop() as RawConnection);
      if (now > endsAt + 5_000 || (now >= endsAt && waiting.length === 0 && open === 0)) done();
      else setImmediate(tick);
    };
    tick();
  });
  failed += waiting.length + open;
}

function send(connection: RawConnection, bytes: Buffer, since: number, then: () => void): void {
  connection.send(bytes, (status) => {
    if (status === 200) latencies.push((performance.now() - since) * 1_000);
    else failed += 1;
    then();
  });
}
