import { constants } from 'node:os';
import type { Cli } from './cli.ts';

type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

export interface SignalOptions {
  /** Those that end it. */
  readonly stop: readonly StopSignal[];
  /**
   * What a further one does. `exit`: ends the process at once, for when ending hangs. `ignore`: nothing,
   * for a worker, which is told once by a signal to its process group and once by its parent.
   */
  readonly again: 'exit' | 'ignore';
  /** Called for SIGHUP, which then does not end it: from the beginning on, and while it ends. */
  readonly onHangup?: () => void;
}

/**
 * Starts things and keeps them running until a signal comes, then ends them in reverse order; when
 * starting fails, what had started by then is ended too.
 */
export async function runUntilSignal(
  cli: Pick<Cli, 'stderr' | 'isService'>,
  { stop, again, onHangup }: SignalOptions,
  start: (started: AsyncDisposableStack) => Promise<void>,
): Promise<void> {
  cli.isService = true;
  const started = new AsyncDisposableStack();
  const stopped = Promise.withResolvers<void>();
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (stopping && again === 'exit') process.exit(128 + constants.signals[signal]);
    if (stopping) return;
    stopping = true;
    if (again === 'exit') cli.stderr.write('Stopping. Again to stop at once.\n');
    stopped.resolve();
  };
  for (const signal of stop) process.on(signal, onSignal);
  if (onHangup) process.on('SIGHUP', onHangup);
  // Its default would end the process, and other servers take it for an order to reopen files.
  process.on('SIGUSR2', ignore);
  try {
    await start(started);
    await stopped.promise;
  } finally {
    stopping = true;
    await started.disposeAsync();
    for (const signal of stop) process.off(signal, onSignal);
    if (onHangup) process.off('SIGHUP', onHangup);
    process.off('SIGUSR2', ignore);
  }
}

function ignore(): void {}
