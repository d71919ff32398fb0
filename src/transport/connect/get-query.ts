import { decodeBytes, queryParameters, shownName } from '../../call/parameters.ts';
import { invalidField } from '../../domain/errors.ts';
import { RULE } from '../../rpc/codec/rules.ts';
import { notUnderstood } from './protocol-fault.ts';

/** Of a Connect GET (https://connectrpc.com/docs/protocol#unary-get-request). */
const PARAMETERS: ReadonlySet<string> = new Set([
  ...['connect', 'encoding', 'message', 'base64', 'compression'],
]);
/** RFC 4648 section 5, with its padding or without. */
const BASE64URL = /^[\w-]*={0,2}$/;

export interface GetQuery {
  /** Of the message. */
  readonly bytes: Buffer;
  readonly encoding: 'json' | 'proto';
}

/**
 * Reads the query of a GET. Throws INVALID_FIELD for what is not understood: a parameter that the
 * protocol has not or that comes twice, another version of it, or bytes that are no base64url or no
 * UTF-8; UNIMPLEMENTED for compression.
 */
export function readGetQuery(search: string): GetQuery {
  const query = readParameters(search);
  const text = (name: string) => query.get(name)?.toString();
  if ((text('connect') ?? 'v1') !== 'v1') throw invalidField('query.connect', 'must be v1');
  const encoding = text('encoding');
  if (encoding !== 'json' && encoding !== 'proto')
    throw invalidField('query.encoding', 'must be json or proto');
  const compression = text('compression') || 'identity';
  if (compression !== 'identity') throw notUnderstood('query.compression');
  const base64 = text('base64');
  if (base64 !== undefined && base64 !== '1') throw invalidField('query.base64', 'must be 1');
  const message = query.get('message') ?? Buffer.alloc(0);
  return {
    bytes: base64 === undefined ? message : fromBase64url(message.toString('latin1')),
    encoding,
  };
}

function readParameters(search: string): ReadonlyMap<string, Buffer> {
  const found = new Map<string, Buffer>();
  for (const [name, encoded] of queryParameters(search.replace(/^\?/, ''))) {
    const field = shownName(name, 'query', 'query.');
    if (!PARAMETERS.has(name)) throw invalidField(field, 'is no parameter of this call');
    if (found.has(name)) throw invalidField(field, RULE.once);
    found.set(name, decodeBytes(encoded, field));
  }
  return found;
}

function fromBase64url(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64url');
  const isCanonical = bytes.toString('base64url') === text.replace(/=+$/, '');
  if (BASE64URL.test(text) && isCanonical) return bytes;
  throw invalidField('query.message', 'must be base64url');
}
