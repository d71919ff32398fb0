export interface PollOptions {
  /** Mean time from the end of one run to the start of the next, in milliseconds. */
  readonly everyMs: number;
  /** Must settle by itself and must not reject. */
  readonly run: () => Promise<void>;
}

/**
 * Runs something again and again, never twice at once, with a fifth of jitter so that servers started
 * together drift apart. Does not keep the process alive. Returns what stops it.
 */
export function startPolling({ everyMs, run }: PollOptions): () => void {
  let timer: NodeJS.Timeout;
  let stopped = false;
  const schedule = (): void => {
    if (stopped) return;
    timer = setTimeout(() => void run().then(schedule), everyMs * (0.8 + 0.4 * Math.random()));
    timer.unref();
  };
  schedule();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
