import { fileURLToPath } from 'node:url';
import { onCpus } from '../lab/cpus.ts';
import type { Lab } from '../lab/lab.ts';
import type { Signum } from '../lab/signum.ts';
import { runTool } from '../load/run-tool.ts';

/** What every process of this folder is started with, as JSON, beside what is its own. */
export interface EdgesPlan {
  /** Of the gRPC listener. */
  readonly address: string;
  readonly apiKey: string;
  readonly caFile: string;
}

/** Runs one of the processes of this folder to its end; returns what it measured. */
export async function runEdges<Result>(
  lab: Lab,
  server: Pick<Signum, 'grpcOrigin'>,
  script: string,
  plan: Readonly<Record<string, unknown>>,
  cpus = lab.cpus.load,
): Promise<Result> {
  const argv = edgesArgv(lab, server, script, plan);
  return JSON.parse(await runTool(onCpus(cpus, argv))) as Result;
}

/** What starts one of the processes of this folder. */
export function edgesArgv(
  lab: Lab,
  { grpcOrigin }: Pick<Signum, 'grpcOrigin'>,
  script: string,
  plan: Readonly<Record<string, unknown>>,
): readonly string[] {
  const { apiKey, caFile } = lab.credentials;
  const full = { ...plan, address: grpcOrigin, apiKey, caFile } satisfies EdgesPlan;
  const file = fileURLToPath(new URL(script, import.meta.url));
  return [process.execPath, '--expose-gc', file, JSON.stringify(full)];
}

/** Edges need TLS; a run without it says so in their rows. */
export const WITHOUT_TLS = 'an edge connects by TLS only';
