// What an edge takes in memory, and how long until it can answer. Prints a MemoryResult as JSON.
import { bytesInUse, connect, learn, readPlan, readTokens } from './edge-process.ts';

export interface MemoryResult {
  readonly liveAfterMs: number;
  readonly ended: number;
  readonly bytesAnEnded: number;
  readonly bytesAKnown: number;
}

const plan = readPlan<{ readonly ended: number; readonly tokenFile: string }>();
const tokens = readTokens(plan.tokenFile);
const atFirst = bytesInUse();
const startedAt = performance.now();
const edge = await connect(plan, tokens.length);
const liveAfterMs = performance.now() - startedAt;
if (edge.state !== 'LIVE') throw new Error(`the edge is ${edge.state}`);
const { endedTokens: ended } = edge.metrics();
if (ended < plan.ended) throw new Error(`${ended} ended tokens are known`);
const withEnded = bytesInUse();
await learn(edge, tokens);
const withKnown = bytesInUse();
// A string of ASCII takes a header of 16 bytes and whole words.
const strings = tokens.reduce((sum, { length }) => sum + 16 + 8 * Math.ceil(length / 8), 0);
const result: MemoryResult = {
  ...{ liveAfterMs, ended },
  bytesAnEnded: (withEnded - atFirst) / ended,
  bytesAKnown: (withKnown - withEnded - strings) / tokens.length,
};
console.log(JSON.stringify(result));
await edge.close();
