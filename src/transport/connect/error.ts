import { type Code, ConnectError } from '@connectrpc/connect';
import { SignumError } from '../../domain/errors.ts';
import { toStatus } from '../../rpc/status.ts';

/** The same error for the Connect stack, whose codes are gRPC's. Its cause stays behind. */
export function toConnectError(thrown: unknown): ConnectError {
  if (thrown instanceof ConnectError) return thrown;
  const error =
    thrown instanceof SignumError ? thrown : new SignumError('INTERNAL', 'internal error');
  const { code, message, details } = toStatus(error);
  return new ConnectError(message, code as number as Code, undefined, [...details]);
}
