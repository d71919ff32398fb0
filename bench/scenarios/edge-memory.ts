import type { MemoryResult } from '../edges/memory.ts';
import { runEdges, WITHOUT_TLS } from '../edges/run-edges.ts';
import { startBenchRedis } from '../lab/bench-redis.ts';
import { endTokens } from '../lab/ended-tokens.ts';
import type { Lab } from '../lab/lab.ts';
import { openPopulator } from '../lab/population.ts';
import { limit } from '../measure/check.ts';
import type { Findings, Scenario } from '../scenario.ts';
import { tokenFile } from './token-file.ts';

export const edgeMemory: Scenario = {
  name: 'edge-memory',
  group: 'edge',
  title: 'Memory of an edge, and its snapshot: each ended token was issued and logged out',
  async run(lab: Lab): Promise<Findings> {
    const count = lab.options.sessions;
    const measured = lab.options.tls ? await measure(lab, count) : undefined;
    const many = count.toLocaleString('en');
    return {
      figures: [],
      checks: [
        limit('an ended token', 'at most', 64, ' B', measured?.bytesAnEnded, WITHOUT_TLS),
        limit(
          'a known token, beside its string',
          'at most',
          150,
          ' B',
          measured?.bytesAKnown,
          WITHOUT_TLS,
        ),
        limit(
          `from connecting until it answers by itself, ${many} ended tokens`,
          'at most',
          3,
          ' s',
          measured && measured.liveAfterMs / 1_000,
          WITHOUT_TLS,
        ),
      ],
      notes: [
        `${lab.options.tokens.toLocaleString('en')} known tokens. Redis and the edge share a CPU.`,
        ...(measured ? [describe(measured)] : []),
      ],
    };
  },
};

async function measure(lab: Lab, ended: number): Promise<MemoryResult> {
  const redis = await startBenchRedis(lab.dir, 'redis-edge-memory', lab.cpus.load);
  const populator = await openPopulator(redis.url, lab.credentials);
  try {
    lab.log(`  ending ${ended} tokens ...`);
    await endTokens(populator.store, ended);
    const count = lab.options.tokens;
    const live = await populator.populate({ count, firstUser: 0, signed: true });
    const server = await lab.startSignum({ redisUrl: redis.url });
    const plan = {
      ...{ ended, tokenFile: tokenFile(lab, 'edge-memory', live) },
      pids: { server: server.pid, redis: redis.pid },
    };
    const result = await runEdges<MemoryResult>(lab, server, 'memory.ts', plan);
    await server.stop();
    return result;
  } finally {
    await populator.close();
    await redis.stop();
  }
}

function describe({ cpuMs }: MemoryResult): string {
  const seconds = (ms: number) => (ms / 1_000).toFixed(2);
  return `CPU seconds until it answers by itself: Redis ${seconds(cpuMs.redis)}, the server ${seconds(cpuMs.server)}, the edge ${seconds(cpuMs.edge)}.`;
}
