import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { AggregatorRegistry } from 'prom-client';
import type { Config } from '../../config/config.ts';
import { settlesWithin } from '../../telemetry/audit-sink.ts';
import { createLog, type Log } from '../../telemetry/log.ts';
import { type Readiness, startOps } from '../../transport/ops.ts';
import type { ServerAddresses } from '../listen/addresses.ts';
import { listenAsSet } from '../listen/listen-as-set.ts';
import { openAuditSink, writeForWorker } from './open-audit.ts';
import { WorkerFailed } from './worker-failed.ts';
import { isMessage, type PrimaryMessage } from './worker-message.ts';

/** A set of worker processes that share the ports. */
export interface Workers {
  readonly addresses: ServerAddresses;
  /** Has all workers look at their files, and opens the audit file, which is this process', anew. */
  reload(): Promise<void>;
  /** Drains all workers and waits until they are gone. */
  close(): Promise<void>;
}

const RESTART_PAUSE_MS = 1_000;
/** For a worker to end after the time that draining may take; then it is killed. */
const STOP_MARGIN_MS = 10_000;
const AUDIT_CLOSE_MS = 1_000;

/**
 * Runs `config.listen.workers` processes of the same command on the same ports, and starts another
 * when one dies. The operations listener and the audit trail are this process': it speaks for all of
 * them. Resolves when every worker listens; rejects if the first ones do not come up.
 */
export async function startWorkers(config: Config): Promise<Workers> {
  const log = createLog({ level: config.logs.level });
  const audit = await openAuditSink(config.logs.audit);
  const states = new Map<number, Readiness>();
  let closing = false;

  const fork = (): Promise<ServerAddresses> => {
    const worker = cluster.fork();
    const started = listening(worker);
    if (audit) writeForWorker(worker, audit);
    worker.on('message', (message: unknown) => {
      if (isMessage(message) && message.readiness) states.set(worker.id, message.readiness);
    });
    worker.once('exit', (code, signal) => {
      states.delete(worker.id);
      if (closing) return;
      if (code === 0) log.info({ worker: worker.id }, 'a worker was told to end');
      else log.error({ worker: worker.id, code, signal }, 'a worker has died');
    });
    return started;
  };

  const { drainTimeoutMs, drainNoticeMs } = config.limits;
  const stopAll = async () => {
    closing = true;
    const limitMs = drainNoticeMs + drainTimeoutMs + STOP_MARGIN_MS;
    await Promise.all(living().map((worker) => stop(worker, limitMs)));
  };

  try {
    // What the first cannot start for, the others would say again.
    const first = await fork();
    await Promise.all(Array.from({ length: config.listen.workers - 1 }, fork));
    cluster.on('exit', () => void replace(log, () => closing, fork));
    const registry = new AggregatorRegistry();
    const { operations } = config.listen;
    const ops = await listenAsSet('SIGNUM_OPS_LISTEN', operations, () =>
      startOps({
        ...operations,
        readiness: () => joint(states, config.listen.workers),
        metrics: { text: () => registry.clusterMetrics(), contentType: registry.contentType },
      }),
    );
    return {
      addresses: { ...first, operations: ops.address },
      async reload() {
        await audit
          ?.reopen()
          .catch((error) => log.error({ err: error }, 'audit file not reopened'));
        const message: PrimaryMessage = { from: 'signum', reload: true };
        for (const worker of living()) if (worker.isConnected()) worker.send(message, () => {});
      },
      async close() {
        await stopAll();
        await ops.close();
        if (audit) await settlesWithin(AUDIT_CLOSE_MS, audit.close());
      },
    };
  } catch (error) {
    await stopAll();
    if (audit) await settlesWithin(AUDIT_CLOSE_MS, audit.close());
    throw error;
  }
}

/** Where a new worker listens; rejects if it dies before it does. */
async function listening(worker: Worker): Promise<ServerAddresses> {
  const { promise, resolve, reject } = Promise.withResolvers<ServerAddresses>();
  const onMessage = (message: unknown) => {
    if (isMessage(message) && message.addresses) resolve(message.addresses);
  };
  const onExit = (code: number | null) => reject(new WorkerFailed(code ?? undefined));
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

function living(): Worker[] {
  return Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
}

/** A worker that has been told already, as by a signal to the whole process group, goes on draining. */
async function stop(worker: Worker, limitMs: number): Promise<void> {
  if (worker.isDead()) return;
  const gone = once(worker, 'exit');
  worker.process.kill('SIGTERM');
  const tooLong = setTimeout(() => worker.process.kill('SIGKILL'), limitMs);
  await gone;
  clearTimeout(tooLong);
}
