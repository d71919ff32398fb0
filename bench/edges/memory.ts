// What an edge takes in memory, and how long until it can answer. Prints a MemoryResult as JSON.
import { cpuMs } from '../lab/proc.ts';
import { bytesInUse, connect, learn, readPlan, readTokens } from './edge-process.ts';

export interface MemoryResult {
  readonly liveAfterMs: number;
  /** CPU time until then. */
  readonly cpuMs: Readonly<Record<'edge' | 'server' | 'redis', number>>;
  readonly ended: number;
  readonly bytesAnEnded: number;
  readonly bytesAKnown: number;
}

const plan = readPlan<{
  readonly ended: number;
  readonly tokenFile: string;
  readonly pids: Readonly<Record<'server' | 'redis', number>>;
}>();
const pids = { edge: process.pid, ...plan.pids };
const used = () => [cpuMs(pids.edge), cpuMs(pids.server), cpuMs(pids.redis)] as const;
const tokens = readTokens(plan.tokenFile);
const atFirst = bytesInUse();
const before = used();
const startedAt = performance.now();
const edge = await connect(plan, tokens.length);
const liveAfterMs = performance.now() - startedAt;
const [edgeMs = 0, server = 0, redis = 0] = used().map((ms, i) => ms - (before[i] ?? 0));
if (edge.state !== 'LIVE') throw new Error(`the edge is ${edge.state}`);
const { endedTokens: ended } = edge.metrics();
if (ended < plan.ended) throw new Error(`${ended} ended tokens are known`);
const withEnded = bytesInUse();
await learn(edge, tokens);
const withKnown = bytesInUse();
// A string of ASCII takes a header of 16 bytes and whole words.
const strings = tokens.reduce((sum, { length }) => sum + 16 + 8 * Math.ceil(length / 8), 0);
const result: MemoryResult = {
  ...{ liveAfterMs, cpuMs: { edge: edgeMs, server, redis }, ended },
  bytesAnEnded: (withEnded - atFirst) / ended,
  bytesAKnown: (withKnown - withEnded - strings) / tokens.length,
};
console.log(JSON.stringify(result));
await edge.close();
