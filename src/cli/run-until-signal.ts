import { constants } from 'node:os';
import type { Cli } from './cli.ts';

type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/**
 * Starts things and keeps them running until a signal comes, then ends them in reverse order; when
 * starting fails, what had started by then is ended too. A second signal exits at once, for when
 * ending hangs.
 */
export async function runUntilSignal(
  cli: Pick<Cli, 'stderr'>,
  signals: readonly StopSignal[],
  start: (started: AsyncDisposableStack) => Promise<void>,
): Promise<void> {
  const started = new AsyncDisposableStack();
  const stop = Promise.withResolvers<void>();
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(128 + constants.signals[signal]);
    stopping = true;
    cli.stderr.write('Stopping. Again to stop at once.\n');
    stop.resolve();
  };
  for (const signal of signals) process.on(signal, onSignal);
  try {
    await start(started);
    await stop.promise;
  } finally {
    stopping = true;
    await started.disposeAsync();
    for (const signal of signals) process.off(signal, onSignal);
  }
}
