// Tokens that an edge has not seen before, in turn with the bare check of the same signatures. Prints a
// FirstSightResult as JSON.
import { verify } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { createLocalJWKSet, type JSONWebKeySet } from 'jose';
import { connect, percentile, readPlan, readTokens } from './edge-process.ts';

export interface FirstSightResult {
  readonly edgeUs: number;
  readonly verifyUs: number;
}

/** Tokens between two looks at the clock. */
const ROUND = 50;

const plan = readPlan<{ readonly tokenFile: string; readonly jwks: string }>();
const tokens = readTokens(plan.tokenFile);
const edge = await connect(plan, tokens.length);
const keyOf = createLocalJWKSet(JSON.parse(plan.jwks) as JSONWebKeySet);
const times = { edge: [] as number[], verify: [] as number[] };

const parts = await Promise.all(
  tokens.map(async (token) => {
    const text = token.toString('latin1');
    const dot = text.lastIndexOf('.');
    const header = JSON.parse(
      Buffer.from(text.slice(0, text.indexOf('.')), 'base64url').toString(),
    );
    return {
      key: await keyOf(header),
      input: token.subarray(0, dot),
      signature: Buffer.from(text.slice(dot + 1), 'base64url'),
    };
  }),
);
for (let first = 0; first < tokens.length; first += ROUND) {
  const round = parts.slice(first, first + ROUND);
  let startedAt = performance.now();
  for (const { key, input, signature } of round) {
    const good = verify('sha256', input, { key, dsaEncoding: 'ieee-p1363' } as never, signature);
    if (!good) throw new Error('a signature is wrong');
  }
  times.verify.push((performance.now() - startedAt) / round.length);
  await turn();
  startedAt = performance.now();
  for (const token of tokens.slice(first, first + ROUND)) {
    const verdict = edge.verify(token.toString('latin1'));
    if (verdict instanceof Promise || !verdict.active) throw new Error('a live token is refused');
  }
  times.edge.push((performance.now() - startedAt) / round.length);
  await turn();
}
const result: FirstSightResult = {
  edgeUs: percentile(times.edge, 0.5) * 1_000,
  verifyUs: percentile(times.verify, 0.5) * 1_000,
};
console.log(JSON.stringify(result));
await edge.close();
