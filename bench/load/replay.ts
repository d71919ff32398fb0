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
  /** Where in the file to begin. */
  readonly skip: number;
  /** Whether each request is good for one use: then the run ends when they do. */
  readonly once: boolean;
  readonly connections: number;
  /**
   * How long latencies are recorded. At a fixed rate the client warms up before that, for 2 s, or for
   * as long as this if that is less: calls and seconds of the result count the warm-up too.
   */
  readonly seconds: number;
  /** Calls a second, begun whether or not earlier ones are answered; as many as it takes if absent. */
  readonly rate?: number;
}

/**
 * What keeps the client from pausing itself: V8's helper threads would take the one CPU from it for
 * milliseconds at a time, and its last compiler, which without them runs in between the calls, takes
 * up to 5 ms a function.
 */
const STEADY = ['--single-threaded', '--no-turbofan'];

/**
 * HTTP/1.1 calls from a Node process: for requests that may be sent only once, and for fixed rates,
 * neither of which wrk can do. At a fixed rate the client watches the clock without sleeping, at the
 * lowest priority: Redis, which shares its CPU, never waits for it.
 */
export async function runReplay(cpus: string, plan: ReplayPlan): Promise<LoadResult> {
  const node = [process.execPath];
  const steady = ['nice', '-n', '19', ...node, ...STEADY];
  const argv = [...(plan.rate === undefined ? node : steady), CLIENT, JSON.stringify(plan)];
  return JSON.parse(await runTool(onCpus(cpus, argv))) as LoadResult;
}
