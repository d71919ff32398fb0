import type { AuditDestination } from '../config/config.ts';
import { type Audit, createAudit, NO_AUDIT } from '../telemetry/audit.ts';
import { fileSink, streamSink } from '../telemetry/audit-sink.ts';
import type { Log } from '../telemetry/log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

/** Opens the audit trail as configured; SIGHUP opens its file again, after log rotation. */
export function openAudit(
  destination: AuditDestination,
  { telemetry, log }: { telemetry: Telemetry; log: Log },
): Audit {
  if (destination === 'off') return NO_AUDIT;
  const audit = createAudit({
    sink: destination === 'stdout' ? streamSink(process.stdout) : fileSink(destination.file),
    onDropped(count, error) {
      telemetry.auditDropped(count);
      log.error({ count, err: error }, 'audit events lost');
    },
  });
  const reopen = () => void audit.reopen();
  process.on('SIGHUP', reopen);
  return {
    ...audit,
    close() {
      process.off('SIGHUP', reopen);
      return audit.close();
    },
  };
}
