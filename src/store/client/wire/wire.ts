import type { Redis } from 'ioredis';
import type { Outgoing } from '../../dispatch/command.ts';
import { NotSent } from '../faults.ts';
import { ReplyDecoder } from './reply-decoder.ts';

/**
 * With so many, a write does not wait for the turn to end: Redis works on them meanwhile. Otherwise
 * each side waits for the other, which takes a fifth of a Revoke's throughput.
 */
const ENOUGH = 8;

/** How commands leave: by Wire, or by the library's own way. */
export interface Sender {
  /** Sends at the end of this turn at the latest; rejects with NotSent if the connection is gone. */
  send(outgoing: Outgoing): void;
  /** Writes what is on its way out. */
  flush(): void;
}

/** What the library keeps of each command without an answer, its own and ours. */
type Item = Pick<Outgoing, 'command'>;

/** The parts of the client library's connection that are not in its types. */
interface Internals {
  readonly commandQueue: { push(item: Outgoing): void; shift(): Item | undefined };
  handleReconnection(error: Error, item: Item): void;
}

/**
 * A quicker way over a connection of the client library, which goes on to make it, greet, notice its
 * loss and fail what it owes an answer. What is sent in one turn of the event loop goes out in few
 * writes, mostly one at its end, because writing is what costs most of sending; and replies are
 * decoded here. The library's queue of what is unanswered is shared, so that its own commands can be
 * sent over the same connection, except those that ask for buffers: what is decoded here is text.
 */
export class Wire implements Sender {
  readonly #node: Redis;
  readonly #internals: Internals;
  #outgoing: Outgoing[] = [];

  constructor(node: Redis) {
    this.#node = node;
    this.#internals = node as unknown as Internals;
    if (node.status === 'ready') this.#takeOver();
    node.on('ready', () => this.#takeOver());
  }

  /** Sends at the end of this turn at the latest; rejects with NotSent if the connection is gone. */
  send(outgoing: Outgoing): void {
    const count = this.#outgoing.push(outgoing);
    if (count === 1) setImmediate(flush, this);
    // What is sent together, such as ASKING and the command behind it, still stays together.
    else if (count === ENOUGH) queueMicrotask(() => this.flush());
  }

  /** Writes what is on its way out. */
  flush(): void {
    const outgoing = this.#outgoing;
    if (outgoing.length === 0) return;
    this.#outgoing = [];
    const { status, stream } = this.#node;
    if (status !== 'ready' || !stream.writable) {
      const isLost = status !== 'ready' || stream.destroyed;
      for (const each of outgoing) each.reject(new NotSent(isLost ? 'NOT_CONNECTED' : 'CLOSING'));
      return;
    }
    let text = '';
    for (const each of outgoing) {
      text += each.encode();
      this.#internals.commandQueue.push(each);
    }
    // One byte for each character is written quicker, and is what nearly all commands need.
    stream.write(text, Buffer.byteLength(text) === text.length ? 'latin1' : 'utf8');
  }

  /** The library's own decoder is the first to listen; whatever else listens goes on to. */
  #takeOver(): void {
    const { stream } = this.#node;
    const [theirs] = stream.listeners('data') as ((piece: Buffer) => void)[];
    if (theirs) stream.off('data', theirs);
    const decoder = new ReplyDecoder({
      onReply: (reply) => this.#internals.commandQueue.shift()?.command.resolve(reply),
      onError: (error) => {
        const item = this.#internals.commandQueue.shift();
        if (item) this.#internals.handleReconnection(error, item);
      },
    });
    stream.prependListener('data', (piece: Buffer) => {
      try {
        decoder.write(piece);
      } catch (error) {
        stream.destroy(error as Error);
      }
    });
  }
}

function flush(wire: Wire): void {
  wire.flush();
}
