import type { Head } from '../../call/head.ts';
import { invalidField, SignumError } from '../../domain/errors.ts';

/** Where protocols say how a message is compressed. */
const CODINGS = ['content-encoding', 'connect-content-encoding', 'grpc-encoding'] as const;

/**
 * What of a head Connect, gRPC-web and gRPC by connect-node do not understand; undefined if nothing. A
 * header that comes twice has two values joined, which are neither.
 */
export function protocolFault(head: Pick<Head, 'header'>): SignumError | undefined {
  const version = head.header('connect-protocol-version');
  if (version !== undefined && version !== '1') {
    return invalidField('connect-protocol-version', 'must be 1');
  }
  const coding = CODINGS.find((name) => (head.header(name) ?? 'identity') !== 'identity');
  return coding && notUnderstood(coding);
}

/** Nothing compressed is taken (https://connectrpc.com/docs/protocol#unary-request, "Content-Encoding"). */
export function notUnderstood(field: string): SignumError {
  return new SignumError(
    'UNIMPLEMENTED',
    `${field}: must be identity, nothing compressed is taken`,
    {
      metadata: { field, rule: 'must be identity' },
    },
  );
}

/** Headers that connect-node need not look at again. */
export const SETTLED: readonly string[] = [...CODINGS, 'connect-protocol-version'];
