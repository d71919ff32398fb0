// Edges that live, and one that dies: how long revocations take that wait for all of them. Prints a
// FenceResult as JSON.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Fence } from '@signum/contract/signum/v1/token_pb.js';
import { atRate, connect, percentile, readPlan, readTokens } from './edge-process.ts';
import { openCalls } from './revoke-calls.ts';

export interface FenceResult {
  readonly revoked: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The longest wait with one dead edge, which is stopped after it has been granted a lease. */
  readonly deadMs: number;
}

const GIVE_UP_MS = 60_000;
const GRANTED_MS = 1_000;

const plan = readPlan<{
  readonly edges: number;
  readonly tokenFile: string;
  readonly perSecond: number;
  /** Revocations while an edge is dead, each for itself. */
  readonly dead: number;
}>();
const tokens = readTokens(plan.tokenFile).map((token) => token.toString('latin1'));
const calls = openCalls(plan);

if (process.argv[3] === 'one') {
  // An edge by itself, to be stopped.
  await connect(plan);
  process.stdout.write('ready\n');
} else {
  const edges = await Promise.all(Array.from({ length: plan.edges }, () => connect(plan)));
  await trusted();
  const count = tokens.length - plan.dead;
  const took: number[] = [];
  const all: Promise<void>[] = [];
  await atRate(plan.perSecond, count, () => {
    all.push(revokeNext().then((ms) => void took.push(ms)));
  });
  await Promise.all(all);
  let deadMs = 0;
  for (let i = 0; i < plan.dead; i += 1) deadMs = Math.max(deadMs, await revokeWithDead());
  const [p50Ms, p99Ms] = [percentile(took, 0.5), percentile(took, 0.99)];
  const result: FenceResult = { revoked: took.length, p50Ms, p99Ms, deadMs };
  console.log(JSON.stringify(result));
  await Promise.all(edges.map((edge) => edge.close()));
}
calls.close();

/** A server that has just started trusts nothing, and waits for whole leases. */
async function trusted(): Promise<void> {
  const giveUpAt = performance.now() + GIVE_UP_MS;
  while (performance.now() < giveUpAt) {
    const { fence } = await calls.revoke(tokens[0] as string, Fence.EDGES);
    if (fence?.edgesConfirmed === plan.edges && fence.leasesExpired === 0) return;
    await delay(100);
  }
  throw new Error('the edges do not confirm');
}

async function revokeNext(): Promise<number> {
  const startedAt = performance.now();
  await calls.revoke(tokens.pop() as string, Fence.EDGES);
  return performance.now() - startedAt;
}

async function revokeWithDead(): Promise<number> {
  const script = fileURLToPath(import.meta.url);
  const argv = [...process.execArgv, script, process.argv[2] ?? '', 'one'];
  const edge = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(edge.stdout, 'data');
  await delay(GRANTED_MS);
  edge.kill('SIGSTOP');
  try {
    return await revokeNext();
  } finally {
    edge.kill('SIGKILL');
    await once(edge, 'exit');
  }
}
