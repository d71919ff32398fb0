/** The head of a usual request: everything before its body. */
export interface RequestHead {
  /** As it was sent, with the empty line at its end. */
  readonly bytes: Buffer;
  readonly path: string;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  /** In bytes. */
  readonly bodyLength: number;
}

/** In bytes; the longest access token that is a credential fits. */
const LONGEST = 8_192;
const MOST_HEADERS = 32;

const END = Buffer.from('\r\n\r\n', 'latin1');
/** RFC 9112 section 3: no query, no authority, nothing escaped. */
const REQUEST_LINE = /^POST (\/[\w.\-/]+) HTTP\/1\.1\r\n/;
/** RFC 9112 section 5, without the white space and the bytes that it allows and nobody sends. */
const HEADER = /([!#$%&'*+\-.^`|~\w]+): ?([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)\r\n/y;
const LENGTH = /^(0|[1-9]\d{0,6})$/;

/**
 * What frames a message, or asks for another protocol, in any other way than by its length; Node
 * takes the last one for another name of Connection.
 */
const UNUSUAL = [
  ...['transfer-encoding', 'expect', 'upgrade', 'trailer', 'http2-settings'],
  'proxy-connection',
];

/**
 * The head of the request that `bytes` begin with, if it is there to its end and usual: a POST whose
 * body has an announced length, of a connection that is to stay open, from no web page. It knows far
 * less than a parser of HTTP does, and what it does not know, it does not read in another way, but
 * not at all: undefined.
 */
export function readHead(bytes: Buffer): RequestHead | undefined {
  const end = bytes.indexOf(END);
  if (end < 0 || end > LONGEST) return undefined;
  const text = bytes.toString('latin1', 0, end + 2);
  const line = REQUEST_LINE.exec(text);
  if (line === null) return undefined;
  const headers = readHeaders(text, line[0].length);
  if (headers === undefined || !headers.has('host') || headers.has('origin')) return undefined;
  if (UNUSUAL.some((name) => headers.has(name))) return undefined;
  if ((headers.get('connection') ?? 'keep-alive').toLowerCase() !== 'keep-alive') return undefined;
  const length = headers.get('content-length') ?? '';
  if (!LENGTH.test(length)) return undefined;
  const head = Buffer.from(bytes.subarray(0, end + END.length));
  return { bytes: head, path: line[1] ?? '', headers, bodyLength: Number(length) };
}

/** Undefined if a line is no usual header, or a name comes twice. */
function readHeaders(text: string, from: number): ReadonlyMap<string, string> | undefined {
  const headers = new Map<string, string>();
  for (let at = from; at < text.length; at = HEADER.lastIndex) {
    HEADER.lastIndex = at;
    const [, name, value = ''] = HEADER.exec(text) ?? [];
    if (name === undefined || headers.has(name.toLowerCase())) return undefined;
    headers.set(name.toLowerCase(), value);
  }
  return headers.size <= MOST_HEADERS ? headers : undefined;
}
