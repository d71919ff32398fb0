import type { Edge, EdgeMetrics } from '@signum/edge';
import { Counter, Gauge, type Registry } from 'prom-client';

type Counts = Readonly<Record<string, number>>;

/** Publishes what an edge verifier counts, read when metrics are collected. */
export function publishEdgeMetrics(
  registry: Registry,
  edge: Pick<Edge, 'metrics' | 'staleness' | 'state'>,
): void {
  const registers = [registry];
  const counter = (name: string, help: string, label: string, of: (all: EdgeMetrics) => Counts) =>
    new Counter({
      ...{ name, help, registers, labelNames: [label] },
      collect() {
        this.reset();
        for (const [value, count] of Object.entries(of(edge.metrics()))) {
          this.inc({ [label]: value.toLowerCase() }, count);
        }
      },
    });
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      ...{ name, help, registers },
      collect() {
        this.set(read());
      },
    });

  counter(
    'signum_edge_answers_total',
    'Verdicts by who gave them: the edge, the server, stale (the edge after its lease, as it was told to), or none: an outage.',
    'source',
    ({ answered }) => answered,
  );
  counter(
    'signum_edge_unsure_total',
    'Why the server was asked.',
    'reason',
    ({ unsure }) => unsure,
  );
  counter('signum_edge_feed_total', 'What happened to the feed.', 'event', ({ feed }) => feed);
  counter(
    'signum_edge_not_asked_total',
    'Tokens of which no server was asked: too many were waiting, or it had just failed.',
    'reason',
    ({ refused }) => ({ BUSY: refused }),
  );
  gauge(
    'signum_edge_staleness_seconds',
    'How old the state is that is answered from; +Inf if it answers from none.',
    () => edge.staleness() / 1_000,
  );
  gauge('signum_edge_live', '1 while everything can be answered from memory.', () =>
    edge.state === 'LIVE' ? 1 : 0,
  );
  const held = (name: string, help: string, of: keyof EdgeMetrics) =>
    gauge(name, help, () => edge.metrics()[of] as number);
  held('signum_edge_known_tokens', 'Tokens whose signature is remembered.', 'knownTokens');
  held('signum_edge_ended_tokens', 'Ended tokens that are remembered.', 'endedTokens');
  held('signum_edge_waiting', 'Tokens that wait for a server’s answer.', 'waiting');
}
