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
  readonly seconds: number;
  /** Calls a second, begun whether or not earlier ones are answered; as many as it takes if absent. */
  readonly rate?: number;
}

/**
 * HTTP/1.1 calls from a Node process: for requests that may be sent only once, and for fixed rates,
 * neither of which wrk can do. At a fixed rate the client watches the clock without sleeping, at the
 * lowest priority: Redis, which shares its CPU, never waits for it.
 */
export async function runReplay(cpus: string, plan: ReplayPlan): Promise<LoadResult> {
  const polite = plan.rate === undefined ? [] : ['nice', '-n', '19'];
  const argv = [...polite, process.execPath, CLIENT, JSON.stringify(plan)];
  return JSON.parse(await runTool(onCpus(cpus, argv))) as LoadResult;
}
