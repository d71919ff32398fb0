import cluster from 'node:cluster';
import type { Readiness } from '../../transport/ops.ts';
import type { ServerAddresses } from '../listen/addresses.ts';

/** What a worker tells the process that started it. */
export interface WorkerMessage {
  readonly from: 'signum';
  readonly addresses?: ServerAddresses;
  readonly readiness?: Readiness;
  /** Whole lines of the audit trail, to be written there. */
  readonly audit?: string;
}

/** What the process that started a worker tells it. */
export interface PrimaryMessage {
  readonly from: 'signum';
  /** What became of the lines it has sent last: why they could not be written, or nothing. */
  readonly audited?: { readonly fault?: string };
  /** The files of the configuration may have changed. */
  readonly reload?: true;
}

export function isMessage(message: unknown): message is WorkerMessage & PrimaryMessage {
  return (
    typeof message === 'object' &&
    message !== null &&
    'from' in message &&
    message.from === 'signum'
  );
}

/** Tells the process that started this worker; does nothing if this is none. */
export function tellPrimary(message: Omit<WorkerMessage, 'from'>): void {
  if (cluster.isWorker && process.connected) process.send?.({ from: 'signum', ...message });
}

/** Calls back whenever the process that started this worker says that files may have changed. */
export function whenToldToReload(reload: () => void): void {
  process.on('message', (message: unknown) => {
    if (isMessage(message) && message.reload) reload();
  });
}
