import { readFileSync, rmSync } from 'node:fs';
import { onCpus } from '../lab/cpus.ts';
import { latencyOf } from '../measure/percentiles.ts';
import type { LoadResult } from './load-result.ts';
import { runTool } from './run-tool.ts';

export interface H2loadOptions {
  readonly cpus: string;
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The body of every call. */
  readonly bodyFile: string;
  readonly connections: number;
  readonly streams: number;
  readonly seconds: number;
  /** Folder for the log of latencies. */
  readonly dir: string;
}

/** gRPC calls over HTTP/2, as many as the server takes. */
export async function runH2load(options: H2loadOptions): Promise<LoadResult> {
  const logFile = `${options.dir}/h2load-${process.pid}.log`;
  rmSync(logFile, { force: true });
  const seconds = Math.max(1, Math.round(options.seconds));
  const headers = Object.entries({
    'content-type': 'application/grpc',
    te: 'trailers',
    ...options.headers,
  });
  const output = await runTool(
    onCpus(options.cpus, [
      ...['h2load', '--threads=1', `--clients=${options.connections}`],
      ...[`--max-concurrent-streams=${options.streams}`, `--duration=${seconds}`],
      ...[`--data=${options.bodyFile}`, `--log-file=${logFile}`],
      ...headers.map(([name, value]) => `--header=${name}: ${value}`),
      `${options.origin}${options.path}`,
    ]),
  );
  const statuses = /status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx/.exec(output);
  if (!statuses) throw new Error(`h2load printed no result:\n${output}`);
  const [, ok, ...refused] = statuses.map(Number);
  const latencies = readLog(logFile);
  rmSync(logFile, { force: true });
  return {
    calls: ok ?? 0,
    failed: refused.reduce((sum, count) => sum + count, 0),
    seconds,
    latency: latencyOf(latencies),
  };
}

/** Lines of `start <TAB> status <TAB> microseconds`. */
function readLog(file: string): Float64Array {
  const lines = readFileSync(file, 'latin1').split('\n');
  const answered = lines.filter((line) => line.includes('\t200\t'));
  return Float64Array.from(answered, (line) => Number(line.slice(line.lastIndexOf('\t') + 1)));
}
