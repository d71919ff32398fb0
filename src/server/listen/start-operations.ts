import cluster from 'node:cluster';
import { AggregatorRegistry, type Registry } from 'prom-client';
import type { HostPort } from '../../config/config.ts';
import type { Listener } from '../../transport/listener.ts';
import { type Readiness, startOps } from '../../transport/ops.ts';
import { listenAsSet } from './listen-as-set.ts';

/**
 * Starts the operations listener; in a worker it hands the metrics to the process that started it,
 * which listens for all workers.
 */
export async function startOperations(
  listen: HostPort,
  readiness: () => Readiness,
  registry: Registry,
): Promise<Listener> {
  if (!cluster.isWorker) {
    const metrics = { text: () => registry.metrics(), contentType: registry.contentType };
    return listenAsSet('SIGNUM_OPS_LISTEN', listen, () =>
      startOps({ ...listen, readiness, metrics }),
    );
  }
  AggregatorRegistry.setRegistries([registry]);
  new AggregatorRegistry(); // Answers the other process' questions from now on.
  const nothing = async () => {};
  return { address: listen, drain: nothing, close: nothing };
}
