import { AggregatorRegistry, Histogram, Registry, register } from 'prom-client';
import { beforeEach, describe, expect, it } from 'vitest';
import { CallLatency } from './call-latency.ts';
import { createMetrics } from './metrics.ts';
import type { Telemetry } from './telemetry.ts';

const ISSUE = 'signum.v1.TokenService/Issue';

let registry: Registry;
let telemetry: Telemetry;
beforeEach(() => {
  registry = new Registry();
  telemetry = createMetrics({ registry, methods: [ISSUE] });
});

async function value(name: string, labels: Record<string, string> = {}) {
  const metric = await registry.getSingleMetric(name)?.get();
  return metric?.values.find((v) =>
    Object.entries(labels).every(([key, label]) => v.labels[key as never] === label),
  )?.value;
}

describe('metrics', () => {
  it('time calls by method and code, and count failures by reason', async () => {
    telemetry.observe({ method: ISSUE, code: 'OK', ms: 3 });
    telemetry.observe({ method: ISSUE, code: 'UNAVAILABLE', reason: 'STORE_UNAVAILABLE', ms: 200 });
    const text = await registry.metrics();
    expect(text).toContain(
      `signum_call_duration_seconds_bucket{le="0.005",method="${ISSUE}",code="OK"} 1`,
    );
    expect(await value('signum_call_failures_total', { reason: 'STORE_UNAVAILABLE' })).toBe(1);
  });

  it('time as the library would, bucket by bucket', async () => {
    const buckets = [0.001, 0.01, 0.1];
    const init = { name: 'seconds', help: 'How long.', buckets };
    const ours = new Registry();
    const theirs = new Registry();
    const latency = new CallLatency(ours, init);
    const reference = new Histogram({
      ...init,
      labelNames: ['method', 'code'],
      registers: [theirs],
    });
    for (let n = 0; n < 500; n++) {
      const [method, code] = [`m${n % 3}`, n % 5 === 0 ? 'UNAVAILABLE' : 'OK'];
      // On the bounds, between them and beyond them.
      const seconds = n % 7 === 0 ? 0.01 : (n % 19) ** 3 / 10_000;
      latency.observe(method, code, seconds);
      reference.labels(method, code).observe(seconds);
    }
    // Series may come in any order.
    const lines = (text: string) => text.split('\n').sort();
    expect(lines(await ours.metrics())).toEqual(lines(await theirs.metrics()));
    const merged = async (registry: Registry) =>
      AggregatorRegistry.aggregate([
        await registry.getMetricsAsJSON(),
        await registry.getMetricsAsJSON(),
      ]).metrics();
    expect(lines(await merged(ours))).toEqual(lines(await merged(theirs)));
  });

  it('count a method that does not exist as other', async () => {
    telemetry.observe({ method: 'made/Up', code: 'UNIMPLEMENTED', reason: 'UNIMPLEMENTED', ms: 1 });
    const text = await registry.metrics();
    expect(text).not.toContain('made/Up');
    expect(text).toContain('method="other"');
  });

  it('count verdicts, sessions and lost audit events', async () => {
    telemetry.verdict('REVOKED');
    telemetry.session('swept', 64);
    telemetry.session('issued');
    telemetry.auditDropped(2);
    expect(await value('signum_verdicts_total', { verdict: 'REVOKED' })).toBe(1);
    expect(await value('signum_sessions_total', { event: 'swept' })).toBe(64);
    expect(await value('signum_sessions_total', { event: 'issued' })).toBe(1);
    expect(await value('signum_audit_dropped_total')).toBe(2);
  });

  it('follow calls in flight and read ages when asked', async () => {
    telemetry.watchFeed(() => ({ subscribers: 3, edges: 2, fences: 1 }));
    telemetry.watchInFlight(() => 1);
    telemetry.watchAge('signing_key', () => 90_000);
    telemetry.watchAge('callers_read', () => undefined);
    expect(await value('signum_calls_in_flight')).toBe(1);
    expect(await value('signum_feed_subscribers')).toBe(3);
    expect(await value('signum_edges')).toBe(2);
    expect(await value('signum_fences_waiting')).toBe(1);
    expect(await value('signum_age_seconds', { what: 'signing_key' })).toBe(90);
    expect(await value('signum_age_seconds', { what: 'callers_read' })).toBeUndefined();
    expect(await registry.metrics()).toContain('nodejs_eventloop_lag_p99_seconds');
  });

  it('leave the global registry alone', () => {
    expect(register.getMetricsAsArray()).toEqual([]);
  });
});
