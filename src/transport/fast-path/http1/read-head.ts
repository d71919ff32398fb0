import { isHost } from '../../http/request-target.ts';

/** The head of a usual request: everything before its body. */
export interface RequestHead {
  readonly verb: string;
  /** Without the query. */
  readonly path: string;
  /** What follows the `?`, as it was sent; empty without one. */
  readonly query: string;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  /** Of the head itself with the empty line at its end, in bytes. */
  readonly length: number;
  /** In bytes. */
  readonly bodyLength: number;
}

/** In bytes; the longest access token that is a credential fits. */
const LONGEST = 8_192;
const MOST_HEADERS = 64;

const END = Buffer.from('\r\n\r\n', 'latin1');
/** RFC 9112 section 3: a path, and no authority. Nothing in it is decoded, here or elsewhere. */
const REQUEST_LINE =
  /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (\/[\w.\-~%!$&'()*+,;=:@/]*)(?:\?([!"$-~]*))? HTTP\/1\.1\r\n/;
/** RFC 9112 section 5, without the white space and the bytes that it allows and nobody sends. */
const HEADERS = /(?:[!#$%&'*+\-.^`|~\w]+: ?(?:[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?\r\n)*$/y;
const LENGTH = /^(0|[1-9]\d{0,6})$/;

const SPACE = 0x20;

/** Names that gateways send, as they send them: to look one up is faster than to make it. */
const USUAL: ReadonlyMap<string, string> = new Map(
  [
    ...['Accept', 'Accept-Encoding', 'Accept-Language', 'Authorization', 'Connection', 'Cookie'],
    ...['Content-Length', 'Content-Type', 'Host', 'Origin', 'Referer', 'User-Agent'],
    ...['X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Method', 'X-Forwarded-Proto'],
    ...['X-Forwarded-Uri', 'X-Original-Method', 'X-Original-URL', 'X-Real-IP', 'X-Request-Id'],
    ...['X-Signum-Key', 'X-Signum-Required-Scope'],
  ].flatMap((name) => [
    [name, name.toLowerCase()],
    [name.toLowerCase(), name.toLowerCase()],
  ]),
);

/**
 * What frames a message, or asks for another protocol, in any other way than by its length; Node
 * takes the last one for another name of Connection.
 */
const UNUSUAL: ReadonlySet<string> = new Set([
  ...['transfer-encoding', 'expect', 'upgrade', 'trailer', 'http2-settings'],
  'proxy-connection',
]);

/**
 * The head of the request that `bytes` begin with, if it is there to its end and usual: its body has an
 * announced length, or there is none, and the connection is to stay open. It knows far less than a parser
 * of HTTP does, and what it does not know, it does not read in another way, but not at all: undefined.
 */
export function readHead(bytes: Buffer): RequestHead | undefined {
  const end = bytes.indexOf(END);
  if (end < 0 || end > LONGEST) return undefined;
  const text = bytes.toString('latin1', 0, end + 2);
  const line = REQUEST_LINE.exec(text);
  if (line === null) return undefined;
  const headers = readHeaders(text, line[0].length);
  if (headers === undefined || !isHost(headers.get('host') ?? '@')) return undefined;
  const connection = headers.get('connection');
  if (connection !== undefined && connection.toLowerCase() !== 'keep-alive') return undefined;
  // RFC 9112 section 6.3: without a length there is no body.
  const bodyLength = headers.get('content-length') ?? '0';
  if (!LENGTH.test(bodyLength)) return undefined;
  const [, verb = '', path = '', query = ''] = line;
  const length = end + END.length;
  return { verb, path, query, headers, length, bodyLength: Number(bodyLength) };
}

/** Undefined if a line is no usual header, or a name comes twice. */
function readHeaders(text: string, from: number): ReadonlyMap<string, string> | undefined {
  HEADERS.lastIndex = from;
  if (!HEADERS.test(text)) return undefined;
  const headers = new Map<string, string>();
  let count = 0;
  for (let at = from; at < text.length; count += 1) {
    const colon = text.indexOf(':', at);
    const end = text.indexOf('\r', colon);
    const sent = text.slice(at, colon);
    let name = USUAL.get(sent);
    if (name === undefined) {
      name = sent.toLowerCase();
      if (UNUSUAL.has(name)) return undefined;
    }
    const isSpaced = text.charCodeAt(colon + 1) === SPACE;
    headers.set(name, text.slice(isSpaced ? colon + 2 : colon + 1, end));
    at = end + 2;
  }
  return headers.size === count && count <= MOST_HEADERS ? headers : undefined;
}
