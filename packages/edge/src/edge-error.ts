import { Code, ConnectError } from '@connectrpc/connect';

/** Why an edge cannot work as it was set up; `message` says what to change. */
export class EdgeError extends Error {
  readonly reason: 'CREDENTIALS' | 'PERMISSION' | 'ADDRESS' | 'OPTIONS' | 'UNSUPPORTED';

  constructor(reason: EdgeError['reason'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'EdgeError';
    this.reason = reason;
  }
}

/** What trying again will not mend; undefined for everything else. */
export function permanentFault(error: unknown): EdgeError | undefined {
  const { code } = ConnectError.from(error);
  switch (code) {
    case Code.Unauthenticated:
      return new EdgeError(
        'CREDENTIALS',
        'Signum does not accept the credentials: create a caller for this edge ' +
          '(`signum callers create edge --permission watch --permission validate --tenant …`) and pass its API key',
        error,
      );
    case Code.PermissionDenied:
      return new EdgeError(
        'PERMISSION',
        'the caller lacks the permission `watch` or `validate`, or may not see one of the tenants',
        error,
      );
    case Code.InvalidArgument:
      return new EdgeError('OPTIONS', 'Signum refuses what this edge asks for', error);
    case Code.Unimplemented:
      return new EdgeError(
        'UNSUPPORTED',
        'there is no feed at this address: the server is of an older version, or is no Signum',
        error,
      );
    default:
      return undefined;
  }
}
