import { findExecutable } from '../../src/dev/find-executable.ts';
import { revokedKey, tenantField } from '../../src/store/scripts/keys.ts';
import { SCRIPTS } from '../../src/store/scripts/script.ts';
import { onCpus } from '../lab/cpus.ts';
import type { Lab } from '../lab/lab.ts';
import type { Session } from '../lab/population.ts';
import { runTool } from '../load/run-tool.ts';

interface ScriptFigure {
  readonly perSecond: number;
  readonly p50Us: number;
}

/** redis-benchmark running the validate script; `pipeline` calls are sent at a time. */
export async function benchmarkScript(
  lab: Lab,
  { ref }: Session,
  { clients, pipeline, calls }: { clients: number; pipeline: number; calls: number },
): Promise<ScriptFigure | undefined> {
  const tool = findExecutable('redis-benchmark', 'valkey-benchmark');
  if (!tool) return undefined;
  const { store } = lab.populator;
  const { partition, active } = store.keyspace.place(ref);
  const keys = [
    active,
    revokedKey(partition, ref.tokenId),
    partition.watermarks,
    partition.revision,
  ];
  const args = [ref.tokenId, tenantField(ref.tenantId)];
  await store.client.script('LOAD', SCRIPTS.validate.source);
  const output = await runTool(
    onCpus(lab.cpus.server, [
      ...[tool, '-h', '127.0.0.1', '-p', String(lab.redis.port), '--csv', '--precision', '3'],
      ...['-c', String(clients), '-P', String(pipeline), '-n', String(calls)],
      ...['EVALSHA', SCRIPTS.validate.sha, String(keys.length), ...keys, ...args],
    ]),
  );
  // "test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms",…; older ones print rps only.
  const fields = output.trim().split('\n').at(-1)?.split('","') ?? [];
  return { perSecond: Number.parseFloat(fields[1] ?? '0'), p50Us: 1_000 * Number(fields[4] ?? 0) };
}

/** The ceiling of whatever asks Redis, in a sentence. */
export async function redisScriptRate(lab: Lab, session: Session): Promise<string> {
  const calls = Math.ceil(lab.options.seconds * 20_000);
  const figure = await benchmarkScript(lab, session, { clients: 8, pipeline: 16, calls });
  if (!figure) return `Redis ceiling skipped: ${lab.missing.get('redis-benchmark')}`;
  const rate = Math.round(figure.perSecond).toLocaleString('en');
  return `redis-benchmark runs the validate script ${rate} times/s, 16 in a pipeline, 8 connections.`;
}
