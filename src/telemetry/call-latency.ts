import type { Histogram, Registry } from 'prom-client';

export interface CallLatencyInit {
  readonly name: string;
  readonly help: string;
  /** Upper bounds of the buckets in seconds, rising. */
  readonly buckets: readonly number[];
}

/**
 * A histogram by method and code, as the library's own would tell it. Observing takes 50 ns, and 400
 * there, where each observation makes its labels into a text to look them up by.
 */
export class CallLatency {
  readonly #init: CallLatencyInit;
  readonly #cells = new Map<string, Map<string, Cell>>();

  constructor(registry: Registry, init: CallLatencyInit) {
    this.#init = init;
    // A registry asks of its metrics no more than a name and their values.
    const metric = { name: init.name, get: async () => this.#values() };
    registry.registerMetric(metric as unknown as Histogram);
  }

  observe(method: string, code: string, seconds: number): void {
    const cell = this.#cells.get(method)?.get(code) ?? this.#add(method, code);
    const { buckets } = this.#init;
    let bucket = 0;
    while (bucket < buckets.length && seconds > (buckets[bucket] as number)) bucket += 1;
    cell.counts[bucket] = (cell.counts[bucket] as number) + 1;
    cell.sum += seconds;
  }

  #add(method: string, code: string): Cell {
    const cell = { counts: new Float64Array(this.#init.buckets.length + 1), sum: 0 };
    const codes = this.#cells.get(method) ?? new Map<string, Cell>();
    this.#cells.set(method, codes.set(code, cell));
    return cell;
  }

  #values() {
    const { name, help } = this.#init;
    const values = [...this.#cells].flatMap(([method, codes]) =>
      [...codes].flatMap(([code, cell]) => this.#valuesOf(cell, { method, code })),
    );
    return { name, help, type: 'histogram', aggregator: 'sum', values };
  }

  /** Each bucket counts what the ones before it count as well. */
  #valuesOf({ counts, sum }: Cell, labels: { method: string; code: string }) {
    const { name, buckets } = this.#init;
    let count = 0;
    const bounds = [...buckets, '+Inf'].map((le, bucket) => {
      count += counts[bucket] as number;
      return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: count };
    });
    const total = { metricName: `${name}_sum`, labels, value: sum };
    return [...bounds, total, { metricName: `${name}_count`, labels, value: count }];
  }
}

interface Cell {
  /** By bucket, the last for what is above all bounds; not cumulative. */
  readonly counts: Float64Array;
  sum: number;
}
