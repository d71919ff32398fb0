import { auditDestination } from '../kinds/audit-destination.ts';
import { oneOf } from '../kinds/one-of.ts';
import { defaulted } from '../setting.ts';

const level = oneOf({
  fatal: 'fatal',
  error: 'error',
  warn: 'warn',
  info: 'info',
  debug: 'debug',
  silent: 'silent',
});

/** What the server tells about itself. */
export const logs = {
  title: 'Logs',
  settings: {
    level: defaulted({
      env: 'SIGNUM_LOG_LEVEL',
      kind: level,
      default: 'info',
      doc: 'The least severe log lines that are written, to standard error as JSON.',
    }),
    audit: defaulted({
      env: 'SIGNUM_AUDIT',
      kind: auditDestination,
      default: 'stdout',
      doc: 'Where audit events go, one JSON object a line; a file is opened again on SIGHUP.',
    }),
  },
} as const;
