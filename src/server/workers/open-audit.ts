import cluster, { type Worker } from 'node:cluster';
import { type AuditDestination, ConfigError } from '../../config/config.ts';
import { type AuditSink, lineSink, openFileSink, streamSink } from '../../telemetry/audit-sink.ts';
import { isMessage, type PrimaryMessage, tellPrimary } from './worker-message.ts';

/**
 * Opens what the audit trail is written to; undefined if it is off. Of several worker processes none
 * writes itself: a pipe takes lines of two writers in pieces, and so may a file. Rejects with
 * ConfigError if the file cannot be written.
 */
export async function openAuditSink(destination: AuditDestination): Promise<AuditSink | undefined> {
  if (destination === 'off') return undefined;
  if (cluster.isWorker) return relaySink();
  if (destination === 'stdout') return lineSink(streamSink(process.stdout));
  try {
    return lineSink(await openFileSink(destination.file));
  } catch (error) {
    const fault = `names ${destination.file}, which cannot be opened for writing (${codeOf(error)})`;
    throw new ConfigError([{ setting: 'SIGNUM_AUDIT', fault, allowed: '' }]);
  }
}

/** Writes what a worker sends, and tells it what became of that. */
export function writeForWorker(worker: Worker, sink: AuditSink): void {
  const answer = (fault?: string) => {
    const message: PrimaryMessage = { from: 'signum', audited: fault ? { fault } : {} };
    // It may have gone meanwhile.
    if (worker.isConnected()) worker.send(message, () => {});
  };
  worker.on('message', (message: unknown) => {
    if (!isMessage(message) || message.audit === undefined) return;
    sink.write(message.audit).then(
      () => answer(),
      (error) => answer(codeOf(error)),
    );
  });
}

/** Hands the lines to the process that started this worker. The trail writes one chunk at a time. */
function relaySink(): AuditSink {
  let pending: PromiseWithResolvers<void> | undefined;
  const onMessage = (message: unknown) => {
    if (!isMessage(message) || message.audited === undefined) return;
    const { fault } = message.audited;
    if (fault) pending?.reject(Object.assign(new Error(`not written: ${fault}`), { code: fault }));
    else pending?.resolve();
  };
  process.on('message', onMessage);
  return {
    write(chunk) {
      pending = Promise.withResolvers();
      tellPrimary({ audit: chunk });
      return pending.promise;
    },
    reopen: async () => {},
    async close() {
      process.off('message', onMessage);
    },
  };
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
