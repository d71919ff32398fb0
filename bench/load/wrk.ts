import { fileURLToPath } from 'node:url';
import { onCpus } from '../lab/cpus.ts';
import type { LoadResult } from './load-result.ts';
import { runTool } from './run-tool.ts';

const SCRIPT = fileURLToPath(new URL('wrk.lua', import.meta.url));

export interface WrkOptions {
  readonly cpus: string;
  readonly origin: string;
  /** See writeRequests. */
  readonly requestFile: string;
  readonly connections: number;
  readonly seconds: number;
  /** Where in the file to begin, default 0; after its end comes its beginning. */
  readonly skip?: number;
}

/** wrk counts no others. */
export function wholeSeconds(seconds: number): number {
  return Math.max(1, Math.round(seconds));
}

/** As many calls as the server takes over HTTP/1.1: each connection has one under way, always. */
export async function runWrk(options: WrkOptions): Promise<LoadResult> {
  const seconds = wholeSeconds(options.seconds);
  const output = await runTool(
    onCpus(options.cpus, [
      ...['wrk', '--threads', '1', '--connections', String(options.connections)],
      ...['--duration', `${seconds}s`, '--timeout', '10s', '--script', SCRIPT],
      ...[options.origin, '--', options.requestFile, String(options.skip ?? 0)],
    ]),
  );
  const line = output.split('\n').find((each) => each.startsWith('{'));
  if (!line) throw new Error(`wrk printed no result:\n${output}`);
  const { calls, failed, micros, p50, p99, p999 } = JSON.parse(line) as Record<string, number>;
  return {
    calls: calls ?? 0,
    failed: failed ?? 0,
    seconds: (micros ?? 0) / 1e6,
    latency: { p50Us: p50 ?? 0, p99Us: p99 ?? 0, p999Us: p999 ?? 0 },
  };
}
