import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { AggregatorRegistry } from 'prom-client';
import type { Config } from '../config/config.ts';
import { createLog, type Log } from '../telemetry/log.ts';
import { type Readiness, startOps } from '../transport/ops.ts';
import type { ServerAddresses } from './addresses.ts';
import { isWorkerMessage } from './worker-message.ts';

/** A set of worker processes that share the ports. */
export interface Workers {
  readonly addresses: ServerAddresses;
  /** Drains all workers and waits until they are gone. */
  close(): Promise<void>;
}

const RESTART_PAUSE_MS = 1_000;

/**
 * Runs `config.listen.workers` processes of the same command on the same ports, and starts another
 * when one dies. The operations listener is this process': it speaks for all of them. Resolves when
 * every worker listens; rejects if the first ones do not come up.
 */
export async function startWorkers(config: Config): Promise<Workers> {
  const log = createLog({ level: config.logs.level });
  const states = new Map<number, Readiness>();
  let closing = false;

  const fork = (): Promise<ServerAddresses> => {
    const worker = cluster.fork();
    const started = listening(worker);
    worker.on('message', (message: unknown) => {
      if (isWorkerMessage(message) && message.readiness) states.set(worker.id, message.readiness);
    });
    worker.once('exit', (code, signal) => {
      states.delete(worker.id);
      if (!closing) log.error({ worker: worker.id, code, signal }, 'a worker has died');
    });
    return started;
  };

  const stopAll = async () => {
    closing = true;
    const alive = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
    await Promise.all(alive.map((worker) => stop(worker)));
  };

  try {
    const all = await Promise.all(Array.from({ length: config.listen.workers }, fork));
    const [first] = all;
    if (!first) throw new Error('no worker was started');
    cluster.on('exit', () => void replace(log, () => closing, fork));
    const registry = new AggregatorRegistry();
    const ops = await startOps({
      ...config.listen.operations,
      readiness: () => joint(states, config.listen.workers),
      metrics: { text: () => registry.clusterMetrics(), contentType: registry.contentType },
    });
    return {
      addresses: { ...first, operations: ops.address },
      async close() {
        await stopAll();
        await ops.close();
      },
    };
  } catch (error) {
    await stopAll();
    throw error;
  }
}

/** Where a new worker listens; rejects if it dies before it does. */
async function listening(worker: Worker): Promise<ServerAddresses> {
  const { promise, resolve, reject } = Promise.withResolvers<ServerAddresses>();
  const onMessage = (message: unknown) => {
    if (isWorkerMessage(message) && message.addresses) resolve(message.addresses);
  };
  const onExit = () => reject(new Error('a worker could not start; its own output says why'));
  worker.on('message', onMessage);
  worker.once('exit', onExit);
  try {
    return await promise;
  } finally {
    worker.off('message', onMessage);
    worker.off('exit', onExit);
  }
}

/** Starts another worker after a pause, so that one that dies at once does not burn the machine. */
async function replace(log: Log, closing: () => boolean, fork: () => Promise<unknown>) {
  await delay(RESTART_PAUSE_MS, undefined, { ref: false });
  if (closing()) return;
  await fork().catch((error: unknown) => log.error({ err: error }, 'a worker did not come back'));
}

/** Ready when every worker is. */
function joint(states: ReadonlyMap<number, Readiness>, wanted: number): Readiness {
  const failed = new Set([...states.values()].flatMap((state) => state.failed));
  if (states.size < wanted) failed.add('workers: not all are running');
  return { ready: failed.size === 0, failed: [...failed] };
}

async function stop(worker: Worker): Promise<void> {
  if (worker.isDead()) return;
  const gone = once(worker, 'exit');
  worker.process.kill('SIGTERM');
  await gone;
}
