import type { Caller } from '../domain/caller.ts';
import type { Reason } from '../domain/errors.ts';

/** One finished call, for metrics and the access log. Holds nothing that a client sent. */
export interface Observation {
  /** Full method name; one of a fixed set, safe as a metric label. */
  readonly method: string;
  /** Canonical code name, such as `OK` or `PERMISSION_DENIED`. */
  readonly code: string;
  /** Set unless the code is OK. */
  readonly reason?: Reason | undefined;
  /** How long the call took, in milliseconds. */
  readonly ms: number;
  /** `unknown` if the call failed before its caller was known. */
  readonly callerKind: Caller['kind'] | 'unknown';
}

/** The part of a logger that the pipeline needs; pino has it. */
export interface RpcLog {
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}
