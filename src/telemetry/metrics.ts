import { Counter, Gauge } from 'prom-client';
import { createCallMetrics, type MetricsDeps } from './call-metrics.ts';
import type { Age, FeedCounts, Telemetry } from './telemetry.ts';

const MS_PER_SECOND = 1_000;

/** The metrics of a server: those of calls, and what it does to sessions and tells of their ends. */
export function createMetrics(deps: MetricsDeps): Telemetry {
  const registers = [deps.registry];
  const ages = new Map<Age, () => number | undefined>();

  const sessions = new Counter({
    name: 'signum_sessions_total',
    help: 'What happened to sessions.',
    labelNames: ['event'],
    registers,
  });
  const auditDropped = new Counter({
    name: 'signum_audit_dropped_total',
    help: 'Audit events that could not be written.',
    registers,
  });
  let readFeed = (): FeedCounts => ({ subscribers: 0, edges: 0, fences: 0 });
  const feedGauge = (name: string, help: string, of: keyof FeedCounts) =>
    new Gauge({
      name,
      help,
      registers,
      aggregator: 'sum',
      collect() {
        this.set(readFeed()[of]);
      },
    });
  feedGauge('signum_feed_subscribers', 'Open streams of the feed.', 'subscribers');
  feedGauge('signum_edges', 'Edges that may be answering by themselves.', 'edges');
  feedGauge('signum_fences_waiting', 'Revocations that wait for the edges.', 'fences');
  new Gauge({
    name: 'signum_age_seconds',
    help: 'Age of the signing key, and of what was last read of the key ring and the callers.',
    labelNames: ['what'],
    registers,
    aggregator: 'max',
    collect() {
      this.reset();
      for (const [what, readMs] of ages) {
        const ms = readMs();
        if (ms !== undefined) this.set({ what }, ms / MS_PER_SECOND);
      }
    },
  });

  return {
    ...createCallMetrics(deps),
    session: (event, count = 1) => sessions.inc({ event }, count),
    auditDropped: (count) => auditDropped.inc(count),
    watchAge: (what, readMs) => ages.set(what, readMs),
    watchFeed(read) {
      readFeed = read;
    },
  };
}
