import { request } from 'node:https';
import { fromBinary } from '@bufbuild/protobuf';
import { ErrorInfoSchema, RetryInfoSchema } from '@signum/contract/google/rpc/error_details_pb.js';
import type { SignumProcess } from './signum-process.ts';

export type Json = { readonly [name: string]: unknown };

/** What became of one call. Times are on one monotonic clock, in milliseconds. */
export type Outcome = {
  readonly invokedMs: number;
  readonly returnedMs: number;
  readonly deadlineMs: number;
  /** It had to make a connection first, with a TLS handshake that no deadline is told of. */
  readonly isFirst: boolean;
} & (
  | { readonly ok: true; readonly value: Json }
  /** `reason` is that of the error, or SERVER_GONE when there was no answer to read one from. */
  | ({ readonly ok: false } & Failure)
);

export interface Failure {
  readonly reason: string;
  /** Connect's name of the code, such as `unavailable`; that of a server that is gone, too. */
  readonly code: string;
  /** After which the server would have the call sent again; undefined if it does not say. */
  readonly retryAfterMs?: number | undefined;
}

/** How long after its deadline a call is given up here. */
const GIVE_UP_MS = 5_000;

/** One Connect call by hand: what settles it late must not be a client library. */
export function call(
  server: SignumProcess,
  method: string,
  message: Json,
  deadlineMs: number,
): Promise<Outcome> {
  const invokedMs = performance.now();
  const body = JSON.stringify(message);
  return new Promise((resolve) => {
    const settle = (end: { ok: true; value: Json } | ({ ok: false } & Failure)) =>
      resolve({
        invokedMs,
        returnedMs: performance.now(),
        deadlineMs,
        isFirst: !outgoing.reusedSocket,
        ...end,
      });
    const gone = () => settle({ ok: false, reason: 'SERVER_GONE', code: 'unavailable' });
    const outgoing = request({
      agent: server.agent,
      host: '127.0.0.1',
      port: server.port,
      method: 'POST',
      path: `/signum.v1.TokenService/${method}`,
      timeout: deadlineMs + GIVE_UP_MS,
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'connect-protocol-version': '1',
        'connect-timeout-ms': String(deadlineMs),
        authorization: `Bearer ${server.adminKey}`,
      },
    });
    outgoing.on('error', gone).on('timeout', () => outgoing.destroy());
    outgoing.on('response', (incoming) => {
      const pieces: Buffer[] = [];
      incoming.on('data', (piece: Buffer) => pieces.push(piece)).on('error', gone);
      incoming.on('end', () => {
        try {
          const value = JSON.parse(Buffer.concat(pieces).toString()) as Json;
          if (incoming.statusCode === 200) settle({ ok: true, value });
          else settle({ ok: false, ...failureOf(value) });
        } catch {
          gone();
        }
      });
    });
    outgoing.end(body);
  });
}

function failureOf(error: Json): Failure {
  const details = (error['details'] ?? []) as { type: string; value: string }[];
  const bytesOf = (type: string) => {
    const detail = details.find((each) => each.type === type);
    return detail && Buffer.from(detail.value, 'base64');
  };
  const code = String(error['code'] ?? 'unknown');
  const info = bytesOf('google.rpc.ErrorInfo');
  const delay = bytesOf('google.rpc.RetryInfo');
  const wait = delay && fromBinary(RetryInfoSchema, delay).retryDelay;
  return {
    reason: info ? fromBinary(ErrorInfoSchema, info).reason : `CODE_${code}`,
    code,
    retryAfterMs: wait && Number(wait.seconds) * 1000 + wait.nanos / 1e6,
  };
}
