import type { Writable } from 'node:stream';
import {
  type DestinationStream,
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

/** How much may wait for whoever reads the log, in bytes. */
const MAX_WAITING_BYTES = 1_024 * 1_024;

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
    options.destination ?? lossy(process.stderr),
  );
}

/**
 * Lines to a stream whose reader may be slow or gone. Logging never delays a call: what does not fit
 * is lost, and the next line that fits is preceded by one that says how many were.
 */
function lossy(stream: Writable, maxWaitingBytes = MAX_WAITING_BYTES): DestinationStream {
  let lost = 0;
  return {
    write(line) {
      if (stream.writableLength > maxWaitingBytes) {
        lost += 1;
        return;
      }
      if (lost > 0) {
        const time = new Date().toISOString();
        const told = { level: 'warn', time, count: lost, msg: 'log lines lost' };
        stream.write(`${JSON.stringify(told)}\n`);
        lost = 0;
      }
      stream.write(line);
    },
  };
}
