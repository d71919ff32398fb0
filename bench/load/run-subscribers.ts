import { fileURLToPath } from 'node:url';
import { onCpus } from '../lab/cpus.ts';
import { runTool } from './run-tool.ts';

const LOAD = fileURLToPath(new URL('feed-subscribers.ts', import.meta.url));

/** Arguments of the load process. */
export interface FanoutPlan {
  /** Of the gRPC listener. */
  readonly origin: string;
  readonly serverPid: number;
  readonly apiKey: string;
  /** Authority of the server's certificate; absent without TLS. */
  readonly caFile?: string;
  readonly subscribers: number;
  /** Whether they are edges, which renew their leases. */
  readonly edge: boolean;
  /** See writeRequests: messages of Revoke, each once. */
  readonly revocationFile: string;
  readonly revocationsPerSecond: number;
}

export interface FanoutResult {
  readonly seconds: number;
  /** Of the server. */
  readonly cpuMs: number;
  readonly revoked: number;
  readonly failed: number;
  /** Events that a subscriber was not told, or told twice, over all of them. */
  readonly missed: number;
  /** Over all subscribers. */
  readonly responses: number;
  /** The server's resident bytes by seconds. */
  readonly memory: readonly (readonly [number, number])[];
}

export async function runSubscribers(cpus: string, plan: FanoutPlan): Promise<FanoutResult> {
  const argv = [process.execPath, LOAD, JSON.stringify(plan)];
  return JSON.parse(await runTool(onCpus(cpus, argv))) as FanoutResult;
}
