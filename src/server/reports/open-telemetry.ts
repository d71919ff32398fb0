import type { Registry } from 'prom-client';
import type { Config } from '../../config/config.ts';
import { endpointNames } from '../../policy/access-table.ts';
import { type Audit, createAudit, NO_AUDIT } from '../../telemetry/audit.ts';
import { createLog, type Log } from '../../telemetry/log.ts';
import { createMetrics } from '../../telemetry/metrics.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { Undo } from '../parts/start-parts.ts';
import { openAuditSink } from '../workers/open-audit.ts';
import { createReport, type Report } from './report.ts';

export interface TelemetryParts {
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly audit: Audit;
  readonly report: Report;
}

/** How long a loss is not told again for: a full disk loses events several times a second. */
const SILENCE_MS = 10_000;

/** The log, the metrics and the audit trail as configured. Rejects if the trail cannot be written. */
export async function openTelemetry(
  { logs }: Config,
  registry: Registry,
  undo: Undo,
): Promise<TelemetryParts> {
  const log = createLog({ level: logs.level });
  const telemetry = createMetrics({ registry, methods: endpointNames() });
  const sink = await openAuditSink(logs.audit);
  const audit = sink ? createAudit({ sink, onDropped: auditLoss(telemetry, log) }) : NO_AUDIT;
  undo.push(() => audit.close());
  const report = createReport(audit, telemetry);
  undo.push(() => report.flush());
  return { log, telemetry, audit, report };
}

/** Counts lost audit events, and logs them every ten seconds at most. */
function auditLoss(telemetry: Telemetry, log: Pick<Log, 'error'>) {
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
