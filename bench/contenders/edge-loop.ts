// An edge verifier that is asked as fast as it answers, on one thread, for tokens in random order, each
// time in a string of its own as a gateway gets it. Started for one measurement; prints JSON.
import { readFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { connectEdge } from '@signum/edge';

const { origin, apiKey, caFile, tokenFile, seconds } = JSON.parse(process.argv[2] ?? '') as {
  readonly origin: string;
  readonly apiKey: string;
  readonly caFile: string;
  readonly tokenFile: string;
  readonly seconds: number;
};
/** Calls between two turns of the event loop, in which the edge renews its lease. */
const CALLS_A_TURN = 1_000;

const edge = await connectEdge({
  address: origin,
  credentials: { apiKey, ca: readFileSync(caFile) },
});
const tokens = readFileSync(tokenFile, 'latin1')
  .split('\n')
  .map((token) => Buffer.from(token, 'latin1'));
for (const [i, token] of tokens.entries()) {
  const verdict = await edge.verify(token.toString('latin1'));
  if (!verdict.active) throw new Error(`a live token is ${verdict.verdict}`);
  if (i % 64 === 0) await turn();
}
const order = Uint32Array.from({ length: 1 << 20 }, () =>
  Math.floor(Math.random() * tokens.length),
);

const cpuBefore = process.cpuUsage();
const startedAt = performance.now();
let calls = 0;
let failed = 0;
while (performance.now() - startedAt < seconds * 1_000) {
  for (let i = 0; i < CALLS_A_TURN; i += 1) {
    const token = tokens[order[(calls + i) % order.length] as number] as Buffer;
    const verdict = edge.verify(token.toString('latin1'));
    if (verdict instanceof Promise || !verdict.active) failed += 1;
  }
  calls += CALLS_A_TURN;
  await turn();
}
const { user, system } = process.cpuUsage(cpuBefore);
const took = (performance.now() - startedAt) / 1_000;
console.log(JSON.stringify({ calls, failed, seconds: took, cpuMs: (user + system) / 1_000 }));
await edge.close();
