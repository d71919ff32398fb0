import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpAnswer } from '../../call/endpoint.ts';
import { CallSignal, type Peer, type TimeoutHeader } from '../../call/head.ts';
import type { HeaderRecord } from './cors.ts';
import type { Exchange } from './exchange.ts';
import { joined, valuesIn } from './raw-headers.ts';
import { readBody } from './read-body.ts';

/** In bytes. */
const LONGEST_TEXT = 4_096;

/** So much of a body is thrown away rather than a connection, in bytes. */
const SHORT = 65_536;

/** A request over HTTP/1.1. */
export class Http1Exchange implements Exchange {
  readonly verb: string;
  readonly path: string;
  readonly query: string;
  readonly peer: Peer;
  readonly signal = new CallSignal();
  timeoutHeader: TimeoutHeader | undefined;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #headers: HeaderRecord;
  #isBodyRead = false;

  /** `headers` go on the answer. */
  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    peer: Peer,
    headers: HeaderRecord,
  ) {
    const { method = '', url = '' } = request;
    const end = url.indexOf('?');
    this.verb = method;
    this.path = end < 0 ? url : url.slice(0, end);
    this.query = end < 0 ? '' : url.slice(end + 1);
    this.peer = peer;
    this.#request = request;
    this.#response = response;
    this.#headers = headers;
    response.on('close', () => {
      if (!response.writableFinished) this.signal.abort();
    });
  }

  header(name: string): string | undefined {
    const { headers, rawHeaders } = this.#request;
    const value = headers[name];
    // Of a header that may come once Node keeps the first; whether it was the only one matters here.
    if (name === 'authorization' && value !== undefined) return joined(rawHeaders, name);
    return typeof value === 'object' ? value.join(', ') : value;
  }

  headerValues(name: string): readonly string[] {
    return valuesIn(this.#request.rawHeaders, name);
  }

  readBody(maxBytes: number): Promise<Uint8Array> {
    this.#isBodyRead = true;
    return readBody(this.#request, maxBytes, this.header('content-length'));
  }

  respond(status: number, contentType: string, body: Uint8Array): void {
    const response = this.#response;
    this.#closeUnlessComplete();
    response.writeHead(status, {
      ...this.#headers,
      'content-type': contentType,
      'content-length': body.byteLength,
    });
    if (body.byteLength > LONGEST_TEXT) response.end(body);
    else response.end(latin1(body), 'latin1');
  }

  send({ status, headers, body }: HttpAnswer): void {
    this.#closeUnlessComplete();
    const hasBody = status !== 204 && status !== 304;
    const length = { 'content-length': Buffer.byteLength(body) };
    const all = { ...this.#headers, ...headers, ...(hasBody && length) };
    this.#response.writeHead(status, all as Record<string, string>);
    this.#response.end(this.verb === 'HEAD' ? '' : body);
  }

  /**
   * A body that is not read to its end is thrown away as it comes, if little of it is left; else the
   * connection ends.
   */
  #closeUnlessComplete(): void {
    const { complete, headers } = this.#request;
    if (complete) return;
    this.#request.resume();
    const isShort =
      !('transfer-encoding' in headers) && !(Number(headers['content-length']) > SHORT);
    if (this.#isBodyRead || !isShort) this.#response.shouldKeepAlive = false;
  }
}

/**
 * As text of the same bytes, for Node to put behind the headers: one write of one string is
 * cheaper than a vectored one of a string and a buffer.
 */
function latin1(bytes: Uint8Array): string {
  return Buffer.prototype.latin1Slice.call(bytes, 0, bytes.byteLength);
}
