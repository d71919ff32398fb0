import type { Log } from '../../telemetry/log.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';

/** How long a loss is not told again for: a full disk loses events several times a second. */
const SILENCE_MS = 10_000;

/** Counts lost audit events, and logs them every ten seconds at most. */
export function auditLoss(telemetry: Telemetry, log: Pick<Log, 'error'>) {
  let untold = 0;
  let toldAtMs = Number.NEGATIVE_INFINITY;
  return (count: number, error?: unknown): void => {
    telemetry.auditDropped(count);
    untold += count;
    const nowMs = performance.now();
    if (nowMs - toldAtMs < SILENCE_MS) return;
    log.error({ count: untold, err: error }, 'audit events lost');
    untold = 0;
    toldAtMs = nowMs;
  };
}
