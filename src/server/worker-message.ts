import cluster from 'node:cluster';
import type { Readiness } from '../transport/ops.ts';
import type { ServerAddresses } from './addresses.ts';

/** What a worker tells the process that started it. */
export interface WorkerMessage {
  readonly from: 'signum';
  readonly addresses?: ServerAddresses;
  readonly readiness?: Readiness;
}

export function isWorkerMessage(message: unknown): message is WorkerMessage {
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

/** Lets go of the process that started this worker: the connection to it would keep it alive. */
export function leavePrimary(): void {
  if (cluster.isWorker && process.connected) process.disconnect?.();
}
