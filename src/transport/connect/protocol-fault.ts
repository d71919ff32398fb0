import type { Head } from '../../call/head.ts';
import { invalidField, SignumError } from '../../domain/errors.ts';

/** Where protocols say how a message is compressed. */
const CODINGS = ['content-encoding', 'connect-content-encoding', 'grpc-encoding'] as const;

/** How messages of gRPC may be compressed where they may be at all. */
const GRPC_CODINGS: ReadonlySet<string | undefined> = new Set(['gzip', 'deflate']);

/**
 * What of a head Connect, gRPC-web and gRPC do not understand; undefined if nothing. A header that comes
 * twice has two values joined, which are neither. `decompresses`: whether messages of gRPC may be compressed.
 */
export function protocolFault(
  head: Pick<Head, 'header'>,
  decompresses = false,
): SignumError | undefined {
  const version = head.header('connect-protocol-version');
  if (version !== undefined && version !== '1') {
    return invalidField('connect-protocol-version', 'must be 1');
  }
  const coding = CODINGS.find((name) => (head.header(name) ?? 'identity') !== 'identity');
  if (coding === undefined) return undefined;
  if (decompresses && coding === 'grpc-encoding' && GRPC_CODINGS.has(head.header(coding)))
    return undefined;
  return notUnderstood(coding);
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
