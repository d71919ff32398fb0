import { SignumError } from '../domain/errors.ts';
import type { RpcLog } from './observation.ts';

/** Turns whatever was thrown into a SignumError; a fault of Signum's own is logged here, once. */
export type ToSignumError = (
  thrown: unknown,
  call: { readonly requestId: string; readonly method: string; readonly peer?: string },
) => SignumError;

export function createToSignumError(log: RpcLog): ToSignumError {
  return (thrown, { requestId, method, peer }) => {
    if (thrown instanceof SignumError && thrown.reason !== 'INTERNAL') return thrown;
    log.error({ requestId, method, peer, error: describe(thrown) }, 'call failed by a fault');
    return new SignumError('INTERNAL', 'internal error', {
      metadata: { request_id: requestId },
      cause: thrown,
    });
  };
}

/**
 * Name, message, stack and causes, and nothing else: errors of store clients carry the arguments of
 * the command that failed as further properties.
 */
function describe(thrown: unknown, depth = 0): Readonly<Record<string, unknown>> {
  if (!(thrown instanceof Error)) return { name: typeof thrown };
  const { name, message, stack, cause } = thrown;
  if (cause === undefined || depth === 3) return { name, message, stack };
  return { name, message, stack, cause: describe(cause, depth + 1) };
}
