import { Code, ConnectError } from '@connectrpc/connect';
import { ErrorInfoSchema } from '@signum/contract/google/rpc/error_details_pb.js';
import { ConfigError } from '../../config/config.ts';
import { type Reason, SignumError } from '../../domain/errors.ts';
import { WorkerFailed } from '../../server/workers/worker-failed.ts';
import { RedisMisconfigured } from '../../store/client/misconfigured.ts';
import { AccessMissing, LayoutMismatch } from '../../store/meta.ts';
import { ADVICE } from './advice.ts';
import { EXIT, type ExitCode, isExitCode } from './exit.ts';

/** A failure as the command line tells it. */
export interface Failure {
  readonly reason: string;
  readonly message: string;
  /** What to do next. */
  readonly next: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly exitCode: ExitCode;
}

const EXIT_BY_CODE: Readonly<Partial<Record<Code, ExitCode>>> = {
  [Code.InvalidArgument]: EXIT.usage,
  [Code.OutOfRange]: EXIT.usage,
  [Code.NotFound]: EXIT.negative,
  [Code.AlreadyExists]: EXIT.negative,
  [Code.FailedPrecondition]: EXIT.negative,
  [Code.Unauthenticated]: EXIT.denied,
  [Code.PermissionDenied]: EXIT.denied,
  [Code.Unavailable]: EXIT.unavailable,
  [Code.ResourceExhausted]: EXIT.unavailable,
  [Code.DeadlineExceeded]: EXIT.unavailable,
};

/** Failures that never were on the wire: bad options, a Redis that the doctor cannot reach. */
const EXIT_BY_REASON: Readonly<Partial<Record<Reason, ExitCode>>> = {
  INVALID_FIELD: EXIT.usage,
  STORE_UNAVAILABLE: EXIT.unavailable,
};

/** Codes of Node's network and TLS errors; the first that matches an error's causes decides. */
const NETWORK: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, 'TLS_NAME_MISMATCH'],
  [/SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)|CERT_UNTRUSTED/, 'TLS_UNTRUSTED'],
  [/^CERT_|^INVALID_PURPOSE$|^ERR_SSL_|^ERR_TLS_|^ERR_OSSL_|^EPROTO$/, 'TLS_FAILED'],
  [
    /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE)$/,
    'UNREACHABLE',
  ],
  [/^EADDRINUSE$/, 'ADDRESS_IN_USE'],
];

/** Turns whatever a command failed with into something to read and an exit code. */
export function explainFailure(error: unknown): Failure {
  if (error instanceof SignumError) {
    const { reason, message, metadata } = error;
    const exitCode = EXIT_BY_REASON[reason] ?? EXIT.other;
    // A fault of this very process: no call, and so no request id, to look for.
    const next = reason === 'INTERNAL' ? undefined : ADVICE[reason];
    return { reason, message, metadata, exitCode, next };
  }
  if (isConfiguration(error)) {
    const { message } = error;
    return {
      reason: 'CONFIG_INVALID',
      message,
      metadata: {},
      exitCode: EXIT.usage,
      next: ADVICE['CONFIG_INVALID'],
    };
  }
  if (error instanceof Error && error.name === 'EdgeError') return edgeFailure(error);
  const network = networkFailure(error);
  if (error instanceof ConnectError) return rpcFailure(error, network);
  if (network) return network;
  const message = error instanceof Error ? error.message : String(error);
  // A worker that has failed for its configuration has said so, and so does the command.
  const inherited = error instanceof WorkerFailed ? error.exitCode : undefined;
  const exitCode = isExitCode(inherited) && inherited !== EXIT.ok ? inherited : EXIT.other;
  return { reason: 'FAILED', message, metadata: {}, exitCode, next: undefined };
}

/** A start that no waiting mends: the settings, or Redis beside them, have to be changed. */
function isConfiguration(error: unknown): error is Error {
  return (
    error instanceof ConfigError ||
    error instanceof RedisMisconfigured ||
    error instanceof LayoutMismatch ||
    error instanceof AccessMissing
  );
}

/** An edge verifier that cannot work as it is set up: its message says what to change. */
function edgeFailure(error: Error & { readonly reason?: string }): Failure {
  const { message, reason = '' } = error;
  const isRefused = reason === 'CREDENTIALS' || reason === 'PERMISSION';
  const exitCode = isRefused ? EXIT.denied : EXIT.usage;
  return { reason: `EDGE_${reason}`, message, metadata: {}, exitCode, next: undefined };
}

function rpcFailure(error: ConnectError, network: Failure | undefined): Failure {
  const info = error.findDetails(ErrorInfoSchema)[0];
  // Without ErrorInfo it was not Signum that answered: the network, or something on the way.
  if (!info && network) return network;
  const reason = info?.reason ?? codeName(error.code);
  return {
    reason,
    message: error.rawMessage,
    metadata: info?.metadata ?? {},
    exitCode: EXIT_BY_CODE[error.code] ?? EXIT.other,
    next: ADVICE[reason],
  };
}

function networkFailure(error: unknown): Failure | undefined {
  for (const cause of causes(error)) {
    const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
    const reason = NETWORK.find(([pattern]) => pattern.test(code))?.[1];
    if (!reason) continue;
    const exitCode = reason === 'ADDRESS_IN_USE' ? EXIT.other : EXIT.unavailable;
    return { reason, message: cause.message || code, metadata: {}, exitCode, next: ADVICE[reason] };
  }
  return undefined;
}

/** The error, its causes, and the members of an AggregateError (localhost tries ::1 and 127.0.0.1). */
function causes(error: unknown, depth = 0): Error[] {
  if (!(error instanceof Error) || depth > 8) return [];
  const members = error instanceof AggregateError ? error.errors : [];
  return [error, ...[...members, error.cause].flatMap((each) => causes(each, depth + 1))];
}

function codeName(code: Code): string {
  return (Code[code] ?? 'Unknown').replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();
}
