import { invalidField } from '../../domain/errors.ts';
import { RULE } from '../../rpc/codec/rules.ts';
import { notUnderstood } from './protocol-fault.ts';

/** Of a Connect GET (https://connectrpc.com/docs/protocol#unary-get-request). */
const PARAMETERS: ReadonlySet<string> = new Set([
  ...['connect', 'encoding', 'message', 'base64', 'compression'],
]);
const NONE: ReadonlySet<string> = new Set();
/** RFC 4648 section 5, with its padding or without. */
const BASE64URL = /^[\w-]*={0,2}$/;
const HARMLESS_NAME = /^[\w.-]{1,64}$/;

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
  const query = parametersOf(search, PARAMETERS);
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

/** Throws INVALID_FIELD if there is a query at all: other requests have their message in the body. */
export function refuseQuery(search: string): void {
  parametersOf(search, NONE);
}

function parametersOf(search: string, known: ReadonlySet<string>): ReadonlyMap<string, Buffer> {
  const found = new Map<string, Buffer>();
  for (const parameter of search.replace(/^\?/, '').split('&')) {
    const equals = parameter.indexOf('=');
    const name = decoded(equals < 0 ? parameter : parameter.slice(0, equals)).toString();
    if (parameter === '') continue;
    const field = HARMLESS_NAME.test(name) ? `query.${name}` : 'query';
    if (!known.has(name)) throw invalidField(field, 'is no parameter of this call');
    if (found.has(name)) throw invalidField(field, RULE.once);
    found.set(name, decoded(equals < 0 ? '' : parameter.slice(equals + 1)));
  }
  return found;
}

/** As forms are encoded (WHATWG URL, application/x-www-form-urlencoded), byte for byte. */
function decoded(text: string): Buffer {
  if (/%(?![\da-f]{2})/i.test(text)) throw invalidField('query', RULE.wellFormed);
  const bytes = text
    .replaceAll('+', ' ')
    .replace(/%(..)/g, (_escape, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1');
}

function fromBase64url(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64url');
  const isCanonical = bytes.toString('base64url') === text.replace(/=+$/, '');
  if (BASE64URL.test(text) && isCanonical) return bytes;
  throw invalidField('query.message', 'must be base64url');
}
