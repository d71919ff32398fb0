// Edges, and one who ends sessions: how long after the answer each edge refuses their tokens. Prints a
// PropagationResult as JSON.
import { setTimeout as delay } from 'node:timers/promises';
import type { Edge } from '@signum/edge';
import { atRate, connect, learn, percentile, readPlan, readTokens } from './edge-process.ts';
import { openCalls } from './revoke-calls.ts';

export interface PropagationResult {
  readonly revoked: number;
  readonly seconds: number;
  /** From the answer to Revoke until the last of the edges refuses. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly stalenessP99Ms: number;
}

/** A revocation, and the edges that accept its token yet. */
interface Pending {
  readonly token: string;
  accepting: Edge[];
  answeredAt: number | undefined;
}

const LOOK_MS = 1;
const STALENESS_MS = 10;
const GIVE_UP_MS = 30_000;

const plan = readPlan<{
  readonly edges: number;
  readonly tokenFile: string;
  readonly perSecond: number;
}>();
const tokens = readTokens(plan.tokenFile);
const edges = await Promise.all(
  Array.from({ length: plan.edges }, () => connect(plan, tokens.length)),
);
for (const edge of edges) await learn(edge, tokens);
const calls = openCalls(plan);
const pending = new Set<Pending>();
const took: number[] = [];
const staleness: number[] = [];

const looking = setInterval(look, LOOK_MS);
const sampling = setInterval(() => {
  for (const edge of edges) staleness.push(edge.staleness());
}, STALENESS_MS);
const startedAt = performance.now();
await atRate(plan.perSecond, tokens.length, (i) => {
  const token = (tokens[i] as Buffer).toString('latin1');
  const each: Pending = { token, accepting: edges, answeredAt: undefined };
  pending.add(each);
  calls.revoke(token).then(
    () => {
      each.answeredAt = performance.now();
    },
    (error: unknown) => fail(error),
  );
});
const seconds = (performance.now() - startedAt) / 1_000;
while (pending.size > 0) {
  if (performance.now() - startedAt > seconds * 1_000 + GIVE_UP_MS) {
    throw new Error(`${pending.size} tokens are accepted still`);
  }
  await delay(LOOK_MS);
}
clearInterval(looking);
clearInterval(sampling);
const result: PropagationResult = {
  ...{ revoked: took.length, seconds },
  p50Ms: percentile(took, 0.5),
  p99Ms: percentile(took, 0.99),
  stalenessP99Ms: percentile(staleness, 0.99),
};
console.log(JSON.stringify(result));
calls.close();
await Promise.all(edges.map((edge) => edge.close()));

function look(): void {
  for (const each of pending) {
    const { token } = each;
    // What an edge has to ask about, it does not accept by itself.
    each.accepting = each.accepting.filter((edge) => {
      const verdict = edge.verify(token);
      return !(verdict instanceof Promise) && verdict.active;
    });
    if (each.accepting.length > 0 || each.answeredAt === undefined) continue;
    pending.delete(each);
    // It may have been refused everywhere before the answer had come.
    took.push(Math.max(0, performance.now() - each.answeredAt));
  }
}

function fail(error: unknown): never {
  throw error;
}
