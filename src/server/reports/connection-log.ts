import type { Log } from '../../telemetry/log.ts';

/** How long a line is not repeated for. */
const SILENCE_MS = 30_000;

export interface ConnectionLogOptions {
  readonly log: Pick<Log, 'warn'>;
  /** Default: the process' monotonic clock. */
  readonly nowMs?: () => number;
}

/**
 * Logs what went wrong with connections to Redis, each line at most every 30 s: connections are tried
 * again several times a second, by all clients at once, and fail for the same reason.
 */
export function createConnectionLog(options: ConnectionLogOptions): (line: string) => void {
  const { log, nowMs = () => performance.now() } = options;
  const saidAtMs = new Map<string, number>();
  return (line) => {
    const now = nowMs();
    for (const [said, atMs] of saidAtMs) if (now - atMs >= SILENCE_MS) saidAtMs.delete(said);
    if (saidAtMs.has(line)) return;
    saidAtMs.set(line, now);
    log.warn(`Redis connection: ${line}`);
  };
}
