import type { Deadline } from '../domain/call.ts';
import { SignumError } from '../domain/errors.ts';

export interface Timeouts {
  /** What a call gets whose client says nothing, in milliseconds. */
  readonly defaultTimeoutMs: number;
  /** The most a client can ask for, in milliseconds; more is cut down to it. */
  readonly maxTimeoutMs: number;
}

/** When a call that starts now must be answered. `nowMs` is on the `performance.now()` time line. */
export function deadlineFor(
  timeoutMs: number | undefined,
  nowMs: number,
  { defaultTimeoutMs, maxTimeoutMs }: Timeouts,
): Deadline['deadlineAtMs'] {
  return nowMs + Math.min(timeoutMs ?? defaultTimeoutMs, maxTimeoutMs);
}

export function deadlineExceeded(): SignumError {
  return new SignumError('DEADLINE_EXCEEDED', 'the deadline passed before the call was finished');
}

export function cancelled(): SignumError {
  return new SignumError('CANCELLED', 'the client went away');
}
