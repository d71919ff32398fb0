import { fileURLToPath } from 'node:url';
import { onCpus } from '../lab/cpus.ts';
import type { LoadResult } from './load-result.ts';
import { runTool } from './run-tool.ts';

const CLIENT = fileURLToPath(new URL('stream-client.ts', import.meta.url));

/** Arguments of the client process. */
export interface StreamPlan {
  readonly origin: string;
  readonly path: string;
  readonly authorization: string;
  /** Authority of the server's certificate; absent without TLS. */
  readonly caFile?: string;
  /** See writeRequests. */
  readonly messageFile: string;
  readonly streams: number;
  /** Messages under way on each stream. */
  readonly window: number;
  readonly seconds: number;
}

/** Messages on bidirectional gRPC streams, as many as the server takes; each counts as a call. */
export async function runStream(cpus: string, plan: StreamPlan): Promise<LoadResult> {
  const argv = [process.execPath, CLIENT, JSON.stringify(plan)];
  return JSON.parse(await runTool(onCpus(cpus, argv))) as LoadResult;
}
