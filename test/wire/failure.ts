import { durationMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError } from '@connectrpc/connect';
import { ErrorInfoSchema, RetryInfoSchema } from '@signum/contract/google/rpc/error_details_pb.js';

/** What a client can tell of a failed call without reading its message. */
export interface Failure {
  /** Name of the canonical code. */
  readonly code: string;
  /** Absent when the failure is the client's own or the connection's. */
  readonly reason: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  /** From RetryInfo. */
  readonly retryAfterMs: number | undefined;
}

/** Waits for a call to fail; rejects if it succeeds. */
export async function failureOf(call: Promise<unknown>): Promise<Failure> {
  const error = await call.then(
    () => {
      throw new Error('the call succeeded');
    },
    (thrown: unknown) => ConnectError.from(thrown),
  );
  const infos = error.findDetails(ErrorInfoSchema);
  if (infos.length > 1) throw new Error('more than one ErrorInfo');
  const [info] = infos;
  if (info !== undefined && info.domain !== 'signum') throw new Error(`domain ${info.domain}`);
  const [retry] = error.findDetails(RetryInfoSchema);
  return {
    code: Code[error.code],
    reason: info?.reason,
    metadata: info?.metadata ?? {},
    retryAfterMs: retry?.retryDelay && durationMs(retry.retryDelay),
  };
}

/** The reason of a call that is expected to fail. */
export async function reasonOf(call: Promise<unknown>): Promise<string | undefined> {
  return (await failureOf(call)).reason;
}
