import { readFileSync } from 'node:fs';
import { AggregatorRegistry, Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { CallLatency } from './call-latency.ts';

const INIT = { name: 'calls_seconds', help: 'How long.', buckets: [0.1, 1] };

/** The same observations by the library's own histogram. */
async function asTheLibrary(observations: readonly number[]): Promise<Registry> {
  const registry = new Registry();
  const own = new Histogram({ ...INIT, labelNames: ['method', 'code'], registers: [registry] });
  for (const seconds of observations) own.observe({ method: 'm', code: 'OK' }, seconds);
  return registry;
}

function asHere(observations: readonly number[]): Registry {
  const registry = new Registry();
  const latency = new CallLatency(registry, INIT);
  for (const seconds of observations) latency.observe('m', 'OK', seconds);
  return registry;
}

test('the version is the one that the adapter was written for', () => {
  const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
  const wanted = read('package.json').dependencies['prom-client'];
  expect(wanted).toMatch(/^\d+\.\d+\.\d+$/);
  expect(read('node_modules/prom-client/package.json').version).toBe(wanted);
});

test('a registry takes a metric for its name and get() alone, and tells it as its own', async () => {
  const seen = [0.05, 0.1, 0.5, 7];
  expect(await asHere(seen).metrics()).toBe(await (await asTheLibrary(seen)).metrics());
});

test('workers’ metrics are added up by the aggregator that get() names', async () => {
  const parts = await Promise.all([asHere([0.05]), asHere([5])].map((r) => r.getMetricsAsJSON()));
  const sum = await AggregatorRegistry.aggregate(parts as never).metrics();
  expect(sum).toContain('calls_seconds_count{method="m",code="OK"} 2');
});
