import { fileURLToPath } from 'node:url';
import { onCpus } from '../lab/cpus.ts';
import type { LoadResult } from './load-result.ts';
import { runTool } from './run-tool.ts';

const CLIENT = fileURLToPath(new URL('replay-client.ts', import.meta.url));

/** Arguments of the client process. */
export interface ReplayPlan {
  readonly origin: string;
  /** See writeRequests. */
  readonly requestFile: string;
  readonly connections: number;
  /**
   * How long latencies are recorded. The client warms up before that, for 2 s, or for as long as this
   * if that is less: calls and seconds of the result count the warm-up too.
   */
  readonly seconds: number;
  /** Calls a second, begun whether or not earlier ones are answered. */
  readonly rate: number;
}

/**
 * What keeps the client from pausing itself: V8's helper threads would take the one CPU from it for
 * milliseconds at a time, and its last compiler, which without them runs in between the calls, takes
 * up to 5 ms a function.
 */
const STEADY = ['--single-threaded', '--no-turbofan'];

/**
 * HTTP/1.1 calls at a fixed rate, which wrk cannot do, from a Node process. It watches the clock
 * without sleeping, at the lowest priority: Redis, which shares its CPU, never waits for it.
 */
export async function runReplay(cpus: string, plan: ReplayPlan): Promise<LoadResult> {
  const argv = ['nice', '-n', '19', process.execPath, ...STEADY, CLIENT, JSON.stringify(plan)];
  return JSON.parse(await runTool(onCpus(cpus, argv))) as LoadResult;
}
