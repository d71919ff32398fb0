import { isAscii } from 'node:buffer';
import { ReplyError } from 'ioredis';

export interface ReplyListener {
  onReply(reply: unknown): void;
  onError(error: Error): void;
}

/** An array whose elements are still coming in. */
interface Frame {
  readonly items: unknown[];
  readonly length: number;
}

const SIMPLE_STRING = 43; // +
const ERROR = 45; // -, which begins negative numbers as well
const INTEGER = 58; // :
const BULK_STRING = 36; // $
const ARRAY = 42; // *
const CR = 13;
const ZERO = 48;
const NOTHING: Buffer = Buffer.alloc(0);
/** What a step answers when the value has not come in whole. */
const INCOMPLETE = Symbol('incomplete');

/**
 * Decodes RESP2 replies from pieces of any size: strings as UTF-8, integers as numbers, nulls as
 * null, and errors within an array as its elements. Reading the answer is most of what a look-up
 * costs beside its script. So this makes one string of a piece and cuts the values out of it, instead
 * of a buffer and a string for each value.
 * https://redis.io/docs/latest/develop/reference/protocol-spec/
 */
export class ReplyDecoder {
  readonly #listener: ReplyListener;
  #piece = NOTHING;
  /** The piece as text, if its bytes and its characters are at the same places. */
  #text: string | undefined;
  #at = 0;
  /** Pieces of a value that needs more of them, and their length. */
  #rest: Buffer[] = [];
  #restLength = 0;
  #needed = 0;
  readonly #frames: Frame[] = [];

  constructor(listener: ReplyListener) {
    this.#listener = listener;
  }

  /** @throws Error when the bytes are no RESP2; nothing that follows can be understood then. */
  write(piece: Buffer): void {
    this.#take(piece);
    if (this.#restLength > 0) return;
    while (this.#at < this.#piece.length) {
      const start = this.#at;
      const value = this.#value();
      if (value === INCOMPLETE) {
        this.#keep(start);
        return;
      }
      if (value !== this) this.#complete(value);
    }
  }

  /** Makes a piece the current one, behind what was kept of the one before; or keeps it as well. */
  #take(piece: Buffer): void {
    let whole = piece;
    if (this.#restLength > 0) {
      this.#rest.push(piece);
      this.#restLength += piece.length;
      if (this.#restLength < this.#needed) return;
      whole = Buffer.concat(this.#rest, this.#restLength);
      this.#rest = [];
      this.#restLength = 0;
    }
    this.#piece = whole;
    this.#text = isAscii(whole) ? whole.toString('latin1') : undefined;
    this.#at = 0;
    this.#needed = 0;
  }

  #keep(start: number): void {
    const rest = this.#piece.subarray(start);
    this.#rest = [rest];
    this.#restLength = rest.length;
    this.#needed = Math.max(this.#needed - start, rest.length + 1);
  }

  /** The next value; the decoder itself where an array begins whose elements follow. */
  #value(): unknown {
    const start = this.#at + 1;
    switch (this.#piece[this.#at]) {
      case BULK_STRING:
        return this.#bulk(this.#integer(start));
      case ARRAY:
        return this.#array(this.#integer(start));
      case INTEGER:
        return this.#integer(start) ?? INCOMPLETE;
      case SIMPLE_STRING:
        return this.#line(start) ?? INCOMPLETE;
      case ERROR: {
        const message = this.#line(start);
        return message === undefined ? INCOMPLETE : new ReplyError(message);
      }
      default:
        throw new Error('not a reply of RESP2');
    }
  }

  #bulk(length: number | undefined): unknown {
    if (length === undefined) return INCOMPLETE;
    if (length === -1) return null;
    const start = this.#at;
    const end = start + length;
    this.#needed = end + 2;
    if (this.#needed > this.#piece.length) return INCOMPLETE;
    this.#at = this.#needed;
    return this.#slice(start, end);
  }

  #array(length: number | undefined): unknown {
    if (length === undefined) return INCOMPLETE;
    if (length === -1) return null;
    const items: unknown[] = [];
    this.#plain(items, length);
    if (items.length === length) return items;
    this.#frames.push({ items, length });
    return this;
  }

  /**
   * Reads elements as long as they are no arrays and have come in whole, as nearly all of a look-up's
   * are: putting each where it belongs on its own takes a fifth longer.
   */
  #plain(items: unknown[], length: number): void {
    while (items.length < length && this.#piece[this.#at] !== ARRAY) {
      const start = this.#at;
      if (start >= this.#piece.length) return;
      const value = this.#value();
      if (value === INCOMPLETE) {
        this.#at = start;
        return;
      }
      items.push(value);
    }
  }

  /** Puts a value where it belongs, and with it each array that it completes. */
  #complete(value: unknown): void {
    let done = value;
    for (;;) {
      const frame = this.#frames.at(-1);
      if (frame === undefined) break;
      frame.items.push(done);
      if (frame.items.length < frame.length) return;
      this.#frames.pop();
      done = frame.items;
    }
    if (done instanceof Error) this.#listener.onError(done);
    else this.#listener.onReply(done);
  }

  #slice(start: number, end: number): string {
    return this.#text === undefined
      ? this.#piece.toString('utf8', start, end)
      : this.#text.substring(start, end);
  }

  /** The line from `start`, and moves behind it; undefined if its end has not come in. */
  #line(start: number): string | undefined {
    const end = this.#piece.indexOf(CR, start);
    if (end === -1 || end + 1 >= this.#piece.length) return undefined;
    this.#at = end + 2;
    return this.#slice(start, end);
  }

  /** The same for a line that is a number. */
  #integer(start: number): number | undefined {
    const piece = this.#piece;
    const isNegative = piece[start] === ERROR;
    let value = 0;
    for (let i = isNegative ? start + 1 : start; i + 1 < piece.length; i += 1) {
      const byte = piece[i] as number;
      if (byte === CR) {
        this.#at = i + 2;
        return isNegative ? -value : value;
      }
      if (byte < ZERO || byte > ZERO + 9) throw new Error('not an integer of RESP2');
      value = value * 10 + (byte - ZERO);
    }
    return undefined;
  }
}
