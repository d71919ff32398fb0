import type { HttpAnswer } from '../../../call/endpoint.ts';
import { CallSignal, type Peer, type TimeoutHeader } from '../../../call/head.ts';
import { messageTooLarge } from '../../../domain/errors.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { RequestHead } from './read-head.ts';

/** What sends the answer. */
interface Answering {
  respond(exchange: Exchange, status: number, contentType: string, body: Uint8Array): void;
  send(exchange: Exchange, answer: HttpAnswer): void;
}

/** One call. It keeps what it was called with, whatever comes over the connection after it. */
export class FastPathExchange implements Exchange {
  timeoutHeader: TimeoutHeader | undefined;
  readonly peer: Peer;
  readonly signal = new CallSignal();
  readonly #head: RequestHead;
  readonly #body: Buffer;
  readonly #connection: Answering;

  constructor(head: RequestHead, body: Buffer, peer: Peer, connection: Answering) {
    this.peer = peer;
    this.#head = head;
    this.#body = body;
    this.#connection = connection;
  }

  get verb(): string {
    return this.#head.verb;
  }

  get path(): string {
    return this.#head.path;
  }

  get query(): string {
    return this.#head.query;
  }

  get authority(): string {
    return this.#head.headers.get('host') ?? '';
  }

  header(name: string): string | undefined {
    return this.#head.headers.get(name);
  }

  /** A head in which a name comes twice is none of a usual call. */
  headerValues(name: string): readonly string[] {
    const value = this.#head.headers.get(name);
    return value === undefined ? [] : [value];
  }

  /** It is here already. */
  readBody(maxBytes: number): Uint8Array {
    if (this.#body.length > maxBytes) throw messageTooLarge(maxBytes);
    return this.#body;
  }

  respond(status: number, contentType: string, body: Uint8Array): void {
    this.#connection.respond(this, status, contentType, body);
  }

  send(answer: HttpAnswer): void {
    this.#connection.send(this, answer);
  }
}
