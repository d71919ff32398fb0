import { invalidField } from '../../domain/errors.ts';
import { RULE } from '../../rpc/codec/rules.ts';

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
  /** As they were given; undefined without. */
  readonly encoding: string | undefined;
  readonly compression: string | undefined;
}

/**
 * Reads the query of a GET. Throws INVALID_FIELD for what is not understood: a parameter that the
 * protocol has not or that comes twice, another version of it, or bytes that are no base64url or no
 * UTF-8.
 */
export function readGetQuery(search: string): GetQuery {
  const query = parametersOf(search, PARAMETERS);
  if ((query.get('connect') ?? 'v1') !== 'v1') throw invalidField('query.connect', 'must be v1');
  const base64 = query.get('base64');
  if (base64 !== undefined && base64 !== '1') throw invalidField('query.base64', 'must be 1');
  const text = query.get('message') ?? '';
  return {
    bytes: base64 === undefined ? Buffer.from(text) : fromBase64url(text),
    encoding: query.get('encoding'),
    compression: query.get('compression'),
  };
}

/** Throws INVALID_FIELD if there is a query at all: other requests have their message in the body. */
export function refuseQuery(search: string): void {
  parametersOf(search, NONE);
}

function parametersOf(search: string, known: ReadonlySet<string>): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const parameter of search.slice(1).split('&')) {
    const equals = parameter.indexOf('=');
    const name = decoded(equals < 0 ? parameter : parameter.slice(0, equals));
    if (parameter === '') continue;
    const field = HARMLESS_NAME.test(name) ? `query.${name}` : 'query';
    if (!known.has(name)) throw invalidField(field, 'is no parameter of this call');
    if (found.has(name)) throw invalidField(field, RULE.once);
    found.set(name, equals < 0 ? '' : decoded(parameter.slice(equals + 1)));
  }
  return found;
}

/** As forms are encoded (WHATWG URL, application/x-www-form-urlencoded), but strictly. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw invalidField('query', RULE.unicode);
  }
}

function fromBase64url(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64url');
  const isCanonical = bytes.toString('base64url') === text.replace(/=+$/, '');
  if (BASE64URL.test(text) && isCanonical) return bytes;
  throw invalidField('query.message', 'must be base64url');
}
