// docs/reference/metrics.md, from the metrics that a server registers.
import { Registry } from 'prom-client';
import { createMetrics } from '../../src/telemetry/metrics.ts';

const INTRODUCTION = `# Metrics

<!-- Generated from src/telemetry/metrics.ts by \`npm run docs\`. Do not edit. -->

\`GET /metrics\` on the operations listener tells them in Prometheus' text format, of all workers together.
Besides these there are those of the process and of Node.js (\`process_*\`, \`nodejs_*\`), under the names
that dashboards know. No label holds a tenant, a user, a device, a caller, or anything a client made up.`;

export async function metricsReference(): Promise<string> {
  const registry = new Registry();
  createMetrics({ registry, methods: [] });
  const text = await registry.metrics();
  const rows = [...text.matchAll(/^# HELP (signum_\S+) (.*)\n# TYPE \S+ (\S+)/gm)].map(
    ([, name, help, type]) => `| \`${name}\` | ${type} | ${help} |`,
  );
  if (rows.length === 0) throw new Error('no metric of Signum is registered');
  return [INTRODUCTION, '', '| metric | type | what it tells |', '|---|---|---|', ...rows.sort()]
    .join('\n')
    .concat('\n');
}
