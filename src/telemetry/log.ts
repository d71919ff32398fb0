import {
  type DestinationStream,
  destination,
  type LevelWithSilent,
  type Logger,
  pino,
  stdTimeFunctions,
} from 'pino';
import { mask } from './mask.ts';
import { redact } from './redact.ts';
import { serializeError } from './serialize-error.ts';

/** What others need of the log. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'>;

export interface LogOptions {
  /** The least severe level that is written. */
  readonly level: LevelWithSilent;
  /** Default: standard error, so that standard output carries audit events only. */
  readonly destination?: DestinationStream;
  /** Fields of every line, such as the worker's number. */
  readonly base?: Readonly<Record<string, string | number>>;
}

const STDERR = 2;

/**
 * Creates the log: JSON lines with `level`, `time` (RFC 3339), `msg` and whatever the line is about.
 * Credentials are kept out three times over: fields are copied without them, errors are reduced to
 * what is known to be harmless, and the finished line is searched for what looks like one.
 */
export function createLog(options: LogOptions): Logger {
  return pino(
    {
      level: options.level,
      base: { ...options.base },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: redact, bindings: redact },
      // The library's own serializer would put an error's causes and properties back in.
      serializers: { err: (value) => (value instanceof Error ? serializeError(value) : value) },
      hooks: { streamWrite: mask },
    },
    options.destination ?? destination({ fd: STDERR, sync: true }),
  );
}
