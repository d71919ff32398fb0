import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { HttpAnswer } from '../../call/endpoint.ts';
import { CallSignal, type Peer, type TimeoutHeader } from '../../call/head.ts';
import type { HeaderRecord } from './cors.ts';
import type { Exchange } from './exchange.ts';
import { joined, type RawHeaders, valuesIn } from './raw-headers.ts';
import { readBody } from './read-body.ts';
import { stopSending } from './stop-sending.ts';

/** A request over HTTP/2, on the bare stream. */
export class Http2Exchange implements Exchange {
  readonly verb: string;
  readonly path: string;
  readonly query: string;
  readonly peer: Peer;
  readonly signal = new CallSignal();
  timeoutHeader: TimeoutHeader | undefined;
  readonly #stream: ServerHttp2Stream;
  readonly #requestHeaders: IncomingHttpHeaders;
  readonly #rawHeaders: RawHeaders;
  readonly #headers: HeaderRecord;
  #responded = false;

  /** `headers` go on the answer. */
  constructor(
    stream: ServerHttp2Stream,
    requestHeaders: IncomingHttpHeaders,
    rawHeaders: RawHeaders,
    peer: Peer,
    headers: HeaderRecord,
  ) {
    const url = requestHeaders[':path'] ?? '';
    const end = url.indexOf('?');
    this.verb = requestHeaders[':method'] ?? '';
    this.path = end < 0 ? url : url.slice(0, end);
    this.query = end < 0 ? '' : url.slice(end + 1);
    this.peer = peer;
    this.#stream = stream;
    this.#requestHeaders = requestHeaders;
    this.#rawHeaders = rawHeaders;
    this.#headers = headers;
    // Without a listener a stream that breaks would end the process.
    stream.on('error', () => this.signal.abort());
    stream.on('close', () => {
      if (!this.#responded) this.signal.abort();
    });
  }

  header(name: string): string | undefined {
    const value = this.#requestHeaders[name];
    // Of a header that may come once Node keeps the first; whether it was the only one matters here.
    if (name === 'authorization' && value !== undefined) return joined(this.#rawHeaders, name);
    return typeof value === 'object' ? value.join(', ') : value;
  }

  headerValues(name: string): readonly string[] {
    return valuesIn(this.#rawHeaders, name);
  }

  readBody(maxBytes: number): Promise<Uint8Array> {
    return readBody(this.#stream, maxBytes, this.header('content-length'));
  }

  respond(status: number, contentType: string, body: Uint8Array): void {
    const own = { 'content-type': contentType, 'content-length': body.byteLength };
    if (!this.#begin({ ':status': status, ...this.#headers, ...own })) return;
    this.#stream.end(body);
  }

  send({ status, headers, body }: HttpAnswer): void {
    const hasBody = status !== 204 && status !== 304;
    const length = { 'content-length': Buffer.byteLength(body) };
    const all = { ':status': status, ...this.#headers, ...headers, ...(hasBody && length) };
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
