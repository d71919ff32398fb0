import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { HttpAnswer } from '../../call/endpoint.ts';
import { CallSignal, type Peer, type TimeoutHeader } from '../../call/head.ts';
import type { BodyBudget } from '../body/budget.ts';
import { readBody } from '../body/read-body.ts';
import type { Owed, Underway } from '../drain/underway.ts';
import type { HeaderRecord } from './cors.ts';
import type { Exchange } from './exchange.ts';
import { joined, ONCE, type RawHeaders, valuesIn } from './raw-headers.ts';
import { splitTarget } from './request-target.ts';
import { stopSending } from './stop-sending.ts';

export interface Http2ExchangeOptions {
  readonly stream: ServerHttp2Stream;
  readonly requestHeaders: IncomingHttpHeaders;
  readonly rawHeaders: RawHeaders;
  readonly peer: Peer;
  /** On the answer. */
  readonly headers: HeaderRecord;
  readonly budget: BodyBudget;
  readonly underway: Underway;
}

/** A request over HTTP/2, on the bare stream. */
export class Http2Exchange implements Exchange, Owed {
  readonly verb: string;
  readonly path: string;
  readonly query: string;
  readonly peer: Peer;
  readonly signal = new CallSignal();
  timeoutHeader: TimeoutHeader | undefined;
  readonly #stream: ServerHttp2Stream;
  readonly #options: Http2ExchangeOptions;
  #responded = false;

  constructor(options: Http2ExchangeOptions) {
    const { stream, requestHeaders, peer, underway } = options;
    this.verb = requestHeaders[':method'] ?? '';
    [this.path, this.query] = splitTarget(requestHeaders[':path']);
    this.peer = peer;
    this.#options = options;
    this.#stream = stream;
    // Without a listener a stream that breaks would end the process.
    stream.on('error', () => this.signal.abort());
    stream.on('close', () => {
      underway.delete(this);
      if (!this.#responded) this.signal.abort();
    });
    underway.add(this);
  }

  get authority(): string {
    const { requestHeaders } = this.#options;
    return requestHeaders[':authority'] ?? requestHeaders.host ?? '';
  }

  header(name: string): string | undefined {
    const value = this.#options.requestHeaders[name];
    // Of a header that may come once Node keeps the first; whether it was the only one matters here.
    if (ONCE.has(name) && value !== undefined) return joined(this.#options.rawHeaders, name);
    return typeof value === 'object' ? value.join(', ') : value;
  }

  headerValues(name: string): readonly string[] {
    return valuesIn(this.#options.rawHeaders, name);
  }

  readBody(maxBytes: number): Promise<Uint8Array> {
    const announced = this.#options.requestHeaders['content-length'];
    return readBody(this.#stream, { budget: this.#options.budget, maxBytes, announced });
  }

  respond(status: number, contentType: string, body: Uint8Array): void {
    const own = { 'content-type': contentType, 'content-length': body.byteLength };
    if (!this.#begin({ ':status': status, ...this.#options.headers, ...own })) return;
    this.#stream.end(body);
  }

  send({ status, headers, body }: HttpAnswer): void {
    const hasBody = status !== 204 && status !== 304;
    const length = { 'content-length': Buffer.byteLength(body) };
    const all = { ':status': status, ...this.#options.headers, ...headers, ...(hasBody && length) };
    if (!this.#begin(all as OutgoingHttpHeaders)) return;
    if (hasBody && this.verb !== 'HEAD') this.#stream.end(body);
    else this.#stream.end();
  }

  #begin(headers: OutgoingHttpHeaders): boolean {
    const stream = this.#stream;
    this.#responded = true;
    if (stream.destroyed || stream.closed) return false;
    stream.respond(headers);
    // A body that was refused, or is not wanted, is not read to its end.
    if (!stream.readableEnded) {
      stream.resume();
      stream.once('finish', () => stopSending(stream));
    }
    return true;
  }
}
