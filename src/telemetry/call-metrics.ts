import { Counter, collectDefaultMetrics, Gauge, type Registry } from 'prom-client';
import type { Verdict } from '../domain/verdict.ts';
import { CallLatency } from './call-latency.ts';
import type { CallTelemetry, Expiring } from './telemetry.ts';

export interface MetricsDeps {
  /** Where metrics are registered: the process' own, never the library's global one. */
  readonly registry: Registry;
  /** Every method there is, by full name; any other is counted as `other`. */
  readonly methods: readonly string[];
}

const MS_PER_SECOND = 1_000;
const LATENCY_BUCKETS_S = [
  0.000_25, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10,
];

/**
 * Metrics of calls, certificates and the process, in Prometheus' terms. Every label has a bounded set of
 * values: no tenant, user, device or caller, and nothing that a client can make up.
 */
export function createCallMetrics({ registry, methods }: MetricsDeps): CallTelemetry {
  const registers = [registry];
  const knownMethod = new Set(methods);
  const expiries = new Map<Expiring, () => number | undefined>();

  const latency = new CallLatency(registry, {
    name: 'signum_call_duration_seconds',
    help: 'How long calls took, by method and canonical code.',
    buckets: LATENCY_BUCKETS_S,
  });
  const failures = new Counter({
    name: 'signum_call_failures_total',
    help: 'Calls that failed.',
    labelNames: ['method', 'reason'],
    registers,
  });
  // Counted here and told when asked: a counter makes its labels into a text every time.
  const judged = new Map<Verdict, number>();
  new Counter({
    name: 'signum_verdicts_total',
    help: 'Answers of Validate.',
    labelNames: ['verdict'],
    registers,
    collect() {
      for (const [verdict, count] of judged) this.inc({ verdict }, count);
      judged.clear();
    },
  });
  let readInFlight = () => 0;
  new Gauge({
    name: 'signum_calls_in_flight',
    help: 'Calls being carried out.',
    registers,
    aggregator: 'sum',
    collect() {
      this.set(readInFlight());
    },
  });
  new Gauge({
    name: 'signum_certificate_expires_in_seconds',
    help: 'Time left until a TLS certificate ends; negative when it has ended.',
    labelNames: ['certificate'],
    registers,
    aggregator: 'min',
    collect() {
      this.reset();
      for (const [certificate, readMs] of expiries) {
        const ms = readMs();
        if (ms !== undefined) this.set({ certificate }, (ms - Date.now()) / MS_PER_SECOND);
      }
    },
  });
  // Process, heap, garbage collection and event-loop lag, under the names that dashboards know.
  collectDefaultMetrics({ register: registry });

  return {
    observe: (call) => {
      const method = knownMethod.has(call.method) ? call.method : 'other';
      latency.observe(method, call.code, call.ms / MS_PER_SECOND);
      if (call.reason) failures.inc({ method, reason: call.reason });
    },
    verdict: (verdict) => judged.set(verdict, (judged.get(verdict) ?? 0) + 1),
    watchExpiry: (what, readMs) => expiries.set(what, readMs),
    watchInFlight(read) {
      readInFlight = read;
    },
  };
}
