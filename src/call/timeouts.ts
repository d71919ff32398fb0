import { invalidField, SignumError } from '../domain/errors.ts';
import type { Head } from './head.ts';

export interface Timeouts {
  /** What a call gets whose client says nothing, in milliseconds. */
  readonly defaultTimeoutMs: number;
  /** The most a client can ask for, in milliseconds; more is cut down to it. */
  readonly maxTimeoutMs: number;
}

const UNITS_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/**
 * How long the client waits, in milliseconds; undefined if it does not say. The only place that reads
 * it, for every protocol: what has the form of none is refused, never guessed at.
 * @throws INVALID_FIELD naming the header.
 */
export function readTimeoutMs(head: Head): number | undefined {
  const { timeoutHeader } = head;
  if (timeoutHeader === undefined) return undefined;
  const text = head.header(timeoutHeader);
  if (text === undefined) return undefined;
  return timeoutHeader === 'grpc-timeout' ? readGrpcTimeout(text) : readConnectTimeout(text);
}

/** https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests, "Timeout". */
function readGrpcTimeout(text: string): number {
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(text) ?? [];
  if (digits === undefined || unit === undefined) {
    throw invalidField('grpc-timeout', 'must be 1 to 8 digits and one of H, M, S, m, u and n');
  }
  return Number(digits) * (UNITS_MS[unit] ?? 0);
}

/** https://connectrpc.com/docs/protocol#unary-request, "Timeout-Milliseconds". */
function readConnectTimeout(text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw invalidField('connect-timeout-ms', 'must be 1 to 10 digits');
}

export function deadlineExceeded(): SignumError {
  return new SignumError('DEADLINE_EXCEEDED', 'the deadline passed before the call was finished');
}

export function cancelled(): SignumError {
  return new SignumError('CANCELLED', 'the client went away');
}
