import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpAnswer } from '../../call/endpoint.ts';
import { CallSignal, type Peer, type TimeoutHeader } from '../../call/head.ts';
import { asBuffer } from '../../rpc/codec/binary-cursor.ts';
import type { BodyBudget } from '../body/budget.ts';
import { readBody } from '../body/read-body.ts';
import type { Owed, Underway } from '../drain/underway.ts';
import type { HeaderRecord } from './cors.ts';
import type { Exchange } from './exchange.ts';
import { joined, ONCE, valuesIn } from './raw-headers.ts';
import { splitTarget } from './request-target.ts';

/** In bytes. */
const LONGEST_TEXT = 4_096;

/** So much of a body is thrown away rather than a connection, in bytes. */
const SHORT = 65_536;

export interface Http1ExchangeOptions {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly peer: Peer;
  /** On the answer. */
  readonly headers: HeaderRecord;
  readonly budget: BodyBudget;
  readonly underway: Underway;
  /** How long ago the first byte of the request came, in milliseconds; undefined for just now. */
  readonly elapsedMs: number | undefined;
}

/** A request over HTTP/1.1. */
export class Http1Exchange implements Exchange, Owed {
  readonly verb: string;
  readonly path: string;
  readonly query: string;
  readonly peer: Peer;
  readonly signal = new CallSignal();
  timeoutHeader: TimeoutHeader | undefined;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #headers: HeaderRecord;
  readonly #options: Pick<Http1ExchangeOptions, 'budget' | 'elapsedMs'>;
  #isBodyRead = false;

  constructor({ request, response, peer, headers, ...options }: Http1ExchangeOptions) {
    const { method = '', url = '' } = request;
    const { underway } = options;
    this.verb = method;
    [this.path, this.query] = splitTarget(url);
    this.peer = peer;
    this.#request = request;
    this.#response = response;
    this.#headers = headers;
    this.#options = options;
    response.on('close', () => {
      underway.delete(this);
      if (!response.writableFinished) this.signal.abort();
    });
    underway.add(this);
  }

  beLast(): void {
    if (!this.#response.headersSent) this.#response.shouldKeepAlive = false;
  }

  get authority(): string {
    return this.#request.headers.host ?? '';
  }

  header(name: string): string | undefined {
    const { headers, rawHeaders } = this.#request;
    const value = headers[name];
    // Of a header that may come once Node keeps the first; whether it was the only one matters here.
    if (ONCE.has(name) && value !== undefined) return joined(rawHeaders, name);
    return typeof value === 'object' ? value.join(', ') : value;
  }

  headerValues(name: string): readonly string[] {
    return valuesIn(this.#request.rawHeaders, name);
  }

  readBody(maxBytes: number): Promise<Uint8Array> {
    this.#isBodyRead = true;
    const announced = this.#request.headers['content-length'];
    const { budget, elapsedMs } = this.#options;
    return readBody(this.#request, { budget, maxBytes, announced, elapsedMs });
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
  return asBuffer(bytes).toString('latin1');
}
