// docs/reference/metrics.md, from the metrics that a server registers.
import type { EdgeMetrics } from '@signum/edge';
import { Registry } from 'prom-client';
import { publishEdgeMetrics } from '../../src/server/edge/edge-metrics.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';

const INTRODUCTION = `# Metrics

<!-- Generated from src/telemetry/ and src/server/edge/edge-metrics.ts by \`npm run docs\`. Do not edit. -->

\`GET /metrics\` on the operations listener tells them in Prometheus' text format, of all workers together.
Besides these there are those of the process and of Node.js (\`process_*\`, \`nodejs_*\`), under the names
that dashboards know. No label holds a tenant, a user, a device, a caller, or anything a client made up.`;

const OF_EDGES = `## Of \`signum edge\`

They come beside those of calls, verdicts and certificates, and no other of those above, on the operations listener of \`signum edge\`.`;

const NO_EDGE = {
  metrics: (): EdgeMetrics => ({
    ...{ answered: { EDGE: 0, SERVER: 0, STALE: 0, NONE: 0 }, disagreements: 0 },
    unsure: { STALE: 0, WATERMARK: 0, LOSS: 0, EXPIRY: 0, TENANT: 0, KEY: 0, PROOF: 0 },
    feed: { CONNECTED: 0, DISCONNECTED: 0, BROKEN: 0, RESET: 0, CLOCKS_MOVED_APART: 0 },
    ...{ knownTokens: 0, endedTokens: 0, watermarks: 0, waiting: 0, refused: 0, stalenessMs: 0 },
  }),
  staleness: () => 0,
  state: 'CLOSED' as const,
};

export async function metricsReference(): Promise<string> {
  const [server, edge] = [new Registry(), new Registry()];
  createMetrics({ registry: server, methods: [] });
  publishEdgeMetrics(edge, NO_EDGE);
  return [INTRODUCTION, await tableOf(server), OF_EDGES, await tableOf(edge)]
    .join('\n\n')
    .concat('\n');
}

async function tableOf(registry: Registry): Promise<string> {
  const text = await registry.metrics();
  const rows = [...text.matchAll(/^# HELP (signum_\S+) (.*)\n# TYPE \S+ (\S+)/gm)].map(
    ([, name, help, type]) => `| \`${name}\` | ${type} | ${help} |`,
  );
  if (rows.length === 0) throw new Error('no metric of Signum is registered');
  return ['| metric | type | what it tells |', '|---|---|---|', ...rows.sort()].join('\n');
}
