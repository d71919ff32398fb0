import type { Socket } from 'node:net';
import type { HttpAnswer } from '../../../call/endpoint.ts';
import type { Head, Peer } from '../../../call/head.ts';
import { STRANGER_MAX_BYTES } from '../../../call/open-call.ts';
import { asBuffer } from '../../../rpc/codec/binary-cursor.ts';
import type { BodyBudget } from '../../body/budget.ts';
import type { Accept, Serve } from './accept.ts';
import type { AnswerHeads } from './answer-head.ts';
import { FastPathExchange } from './exchange.ts';
import { type RequestHead, readHead } from './read-head.ts';

export interface FastPathDeps {
  readonly accept: Accept;
  readonly heads: AnswerHeads;
  peerOf(socket: Socket): Peer;
  isDraining(): boolean;
  readonly budget: BodyBudget;
  /** Goes on with the connection from these bytes, for good; `beganAtMs` if they have been held. */
  takeOver(socket: Socket, bytes: Buffer, beganAtMs: number | undefined): void;
}

/** For the first request to come, and for the rest of one that has begun, in milliseconds. */
const REQUEST_MS = 10_000;

/** Longer than what answers promise, so that it is clients who close. */
export const KEEP_ALIVE_MS = 75_000;
const IDLE_MS = KEEP_ALIVE_MS + 1_000;

const NOTHING = Buffer.alloc(0);

/** A head, and what serves the requests that begin with it. */
interface Accepted {
  readonly head: RequestHead;
  readonly serve: Serve;
}

/**
 * One HTTP/1.1 connection for as long as its requests are usual calls, one at a time, as those of a
 * gateway are. They are read and answered here, in half the time that Node's own HTTP/1.1 takes. The
 * first request that is anything else goes to Node, unread, and so do all that follow it.
 */
export class FastPathConnection {
  readonly #socket: Socket;
  readonly #deps: FastPathDeps;
  readonly #onEnd: () => void;
  /**
   * Of the last request with a body, and its bytes: those of one client differ in their bodies only,
   * mostly. Without one it is the heads that differ.
   */
  #last: Accepted | undefined;
  #lastBytes: Buffer = NOTHING;
  #underway: FastPathExchange | undefined;
  /** What has been read and belongs to no call yet. */
  #held: Buffer = NOTHING;
  /** When the request that is held began to come, on the `performance.now()` time line. */
  #heldAtMs: number | undefined;
  #isLast = false;

  /** `onEnd`: the connection is closed, or not taken care of here any more. */
  constructor(socket: Socket, deps: FastPathDeps, onEnd: () => void) {
    this.#socket = socket;
    this.#deps = deps;
    this.#onEnd = onEnd;
    socket.setTimeout(REQUEST_MS);
    socket.on('data', this.#onData).on('end', this.#onEnded).on('close', this.#onClosed);
    socket.on('timeout', this.#onTimeout).on('error', this.#onError);
  }

  get isIdle(): boolean {
    return this.#underway === undefined;
  }

  /** After the call that is under way or has begun to come, if any. */
  end(): void {
    this.#isLast = true;
    if (this.#underway !== undefined) return;
    if (this.#held.length > 0) this.#handOver(this.#held);
    else this.#close();
  }

  readonly #onData = (piece: Buffer): void => {
    const isRest = this.#held.length > 0;
    const bytes = isRest ? Buffer.concat([this.#held, piece]) : piece;
    if (this.#underway !== undefined) {
      // The next one is here before this one is answered: Node knows how to queue them.
      this.#held = bytes;
      this.#socket.pause();
      return;
    }
    const accepted = this.#accept(bytes);
    if (accepted === undefined) {
      this.#handOver(bytes);
      return;
    }
    const { length, bodyLength } = accepted.head;
    const missing = length + bodyLength - bytes.length;
    if (missing < 0 || (missing > 0 && isRest)) this.#handOver(bytes);
    else if (missing > 0) this.#hold(bytes, bodyLength);
    else this.#call(accepted, bytes.subarray(length), isRest);
  };

  #accept(bytes: Buffer): Accepted | undefined {
    if (this.#last !== undefined && startsWith(bytes, this.#lastBytes)) return this.#last;
    const head = readHead(bytes);
    const serve = head && this.#deps.accept(head);
    if (head === undefined || serve === undefined) return undefined;
    const accepted = { head, serve };
    if (head.bodyLength > 0) {
      this.#last = accepted;
      this.#lastBytes = Buffer.from(bytes.subarray(0, head.length));
    }
    return accepted;
  }

  /**
   * Many clients write the head and the body on their own. What is longer than anybody may send whom
   * nobody knows, Node holds, once it is known who sends it.
   */
  #hold(bytes: Buffer, bodyLength: number): void {
    if (bodyLength > STRANGER_MAX_BYTES || !this.#hasRoomFor(bytes)) {
      this.#handOver(bytes);
      return;
    }
    this.#held = bytes;
    this.#heldAtMs = performance.now();
    this.#socket.setTimeout(REQUEST_MS);
  }

  #hasRoomFor(bytes: Buffer): boolean {
    try {
      this.#deps.budget.take(bytes.length, true);
      return true;
    } catch {
      return false;
    }
  }

  /** What was held is on its way elsewhere. */
  #letGo(): number | undefined {
    const heldAtMs = this.#heldAtMs;
    if (heldAtMs !== undefined) this.#deps.budget.give(this.#held.length, true);
    this.#heldAtMs = undefined;
    this.#held = NOTHING;
    return heldAtMs;
  }

  #call({ head, serve }: Accepted, body: Buffer, isRest: boolean): void {
    if (isRest) this.#letGo();
    if (isRest || this.#socket.timeout !== IDLE_MS) this.#socket.setTimeout(IDLE_MS);
    const exchange = new FastPathExchange(head, body, this.#deps.peerOf(this.#socket), this);
    this.#underway = exchange;
    serve(exchange);
  }

  respond(to: Head, status: number, contentType: string, body: Uint8Array): void {
    const isLast = this.#isLast || this.#deps.isDraining();
    const origin = to.header('origin');
    const head = this.#deps.heads.ofTyped(status, contentType, body.byteLength, isLast, origin);
    this.#write(head + latin1(body), isLast);
  }

  send(to: Head, answer: HttpAnswer): void {
    const isLast = this.#isLast || this.#deps.isDraining();
    const { status, body } = answer;
    const bytes = body === '' ? NOTHING : Buffer.from(body);
    const length = status === 204 || status === 304 ? undefined : bytes.length;
    const head = this.#deps.heads.of(answer, length, isLast, to.header('origin'));
    this.#write(to.verb === 'HEAD' ? head : head + latin1(bytes), isLast);
  }

  /** One write of one string is cheaper than one of a string and a buffer. */
  #write(answer: string, isLast: boolean): void {
    this.#underway = undefined;
    const socket = this.#socket;
    if (!socket.writable) return;
    socket.write(answer, 'latin1');
    if (isLast) this.#close();
    else if (this.#held.length > 0) this.#handOver(this.#held);
    else if (socket.writableNeedDrain) this.#waitForReader();
  }

  /** RFC 9112 section 9.6: no call that still comes may be made, for it would not be answered. */
  #close(): void {
    this.#socket.pause().destroySoon();
  }

  /** A client that does not read its answers gets no more of them. */
  #waitForReader(): void {
    this.#socket.pause();
    this.#socket.once('drain', () => this.#socket.resume());
  }

  #handOver(bytes: Buffer): void {
    const socket = this.#socket;
    socket.pause().setTimeout(0);
    socket.off('data', this.#onData).off('end', this.#onEnded).off('close', this.#onClosed);
    socket.off('timeout', this.#onTimeout).off('error', this.#onError);
    this.#onEnd();
    this.#deps.takeOver(socket, bytes, this.#letGo());
  }

  /** Node's HTTP closes its side too when a client does; TLS has done so by itself. */
  readonly #onEnded = (): void => void this.#socket.end();

  /** Also when the client closes its side: no answer leaves after that. */
  readonly #onClosed = (): void => {
    this.#underway?.signal.abort();
    this.#letGo();
    this.#onEnd();
  };

  /** What has begun to come, Node knows how to refuse; a call has its own deadline. */
  readonly #onTimeout = (): void => {
    if (this.#underway !== undefined) return;
    if (this.#held.length > 0) this.#handOver(this.#held);
    else this.#socket.destroy();
  };

  /** It is closed next. */
  readonly #onError = (): void => undefined;
}

function startsWith(bytes: Buffer, begin: Buffer): boolean {
  return (
    bytes.length >= begin.length && begin.compare(bytes, 0, begin.length, 0, begin.length) === 0
  );
}

/** As text of the same bytes. */
function latin1(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('latin1');
}
