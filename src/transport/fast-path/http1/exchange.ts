import type { Peer } from '../../../rpc/rpc.ts';
import { ClientDeparture } from '../../drain/departure.ts';
import type { UnaryExchange } from '../direct-unary.ts';
import type { Head } from './read-head.ts';

/** What sends the answer. */
type Answering = Pick<UnaryExchange, 'respond'>;

/** One call. It keeps what it was called with, whatever comes over the connection after it. */
export class PlainExchange implements UnaryExchange {
  readonly peer: Peer;
  readonly signal = new ClientDeparture();
  readonly #head: Head;
  readonly #body: Buffer;
  readonly #connection: Answering;

  constructor(head: Head, body: Buffer, peer: Peer, connection: Answering) {
    this.peer = peer;
    this.#head = head;
    this.#body = body;
    this.#connection = connection;
  }

  header(name: string): string | undefined {
    return this.#head.headers.get(name);
  }

  /** It is here already, and no longer than the announced length, which has been accepted. */
  async readBody(): Promise<Uint8Array> {
    return this.#body;
  }

  respond(status: number, contentType: string, body: Uint8Array): void {
    this.#connection.respond(status, contentType, body);
  }
}
