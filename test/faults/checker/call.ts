import { request } from 'node:https';
import { fromBinary } from '@bufbuild/protobuf';
import { ErrorInfoSchema } from '../../../src/gen/google/rpc/error_details_pb.js';
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
  | { readonly ok: false; readonly reason: string }
);

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
    const settle = (end: { ok: true; value: Json } | { ok: false; reason: string }) =>
      resolve({
        invokedMs,
        returnedMs: performance.now(),
        deadlineMs,
        isFirst: !outgoing.reusedSocket,
        ...end,
      });
    const gone = () => settle({ ok: false, reason: 'SERVER_GONE' });
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
          else settle({ ok: false, reason: reasonOf(value) });
        } catch {
          gone();
        }
      });
    });
    outgoing.end(body);
  });
}

function reasonOf(error: Json): string {
  const details = (error['details'] ?? []) as { type: string; value: string }[];
  const info = details.find(({ type }) => type === 'google.rpc.ErrorInfo');
  if (!info) return `CODE_${String(error['code'] ?? 'unknown')}`;
  return fromBinary(ErrorInfoSchema, Buffer.from(info.value, 'base64')).reason;
}
