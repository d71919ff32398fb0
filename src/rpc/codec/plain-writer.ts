const VARINT = 0;
const LENGTH_DELIMITED = 2;

/**
 * Writes protobuf into one piece of memory, over and over. It knows only what is plain: ASCII, field
 * numbers up to 15, integers that a double holds. Given anything else
 * it gives up, and `finish` answers undefined.
 */
export class PlainWriter {
  readonly #bytes: Buffer;
  #at = 0;
  #isPlain = true;

  constructor(maxBytes: number) {
    this.#bytes = Buffer.alloc(maxBytes);
  }

  reset(): void {
    this.#at = 0;
    this.#isPlain = true;
  }

  giveUp(): void {
    this.#isPlain = false;
  }

  /** Left out if it is 0, as proto3 does. */
  integer(field: number, value: number): void {
    if (value === 0) return;
    if (value < 0 || value > Number.MAX_SAFE_INTEGER) this.giveUp();
    this.#byte((field << 3) | VARINT);
    this.#varint(this.#isPlain ? value : 0);
  }

  /** Left out if it is empty, as proto3 does. */
  string(field: number, text: string): void {
    if (text !== '') this.element(field, text);
  }

  /** One of a repeated field. */
  element(field: number, text: string): void {
    const { length } = text;
    this.#byte((field << 3) | LENGTH_DELIMITED);
    this.#varint(length);
    const bytes = this.#bytes;
    let at = this.#at;
    let bits = 0;
    // Past the end of a buffer nothing is written, which `finish` finds out.
    for (let i = 0; i < length; i += 1) {
      const code = text.charCodeAt(i);
      bits |= code;
      bytes[at++] = code;
    }
    if (bits >= 0x80) this.giveUp();
    this.#at = at;
  }

  /** Begins a sub-message; what it gives goes to `close`. */
  open(field: number): number {
    this.#byte((field << 3) | LENGTH_DELIMITED);
    this.#byte(0);
    return this.#at;
  }

  close(start: number): void {
    const length = this.#at - start;
    if (length < 0x80) this.#bytes[start - 1] = length;
    else this.#widen(start, length);
  }

  /** A copy of what has been written; undefined if it could not all be. */
  finish(): Uint8Array | undefined {
    if (!this.#isPlain || this.#at > this.#bytes.length) return undefined;
    return Buffer.from(this.#bytes.subarray(0, this.#at));
  }

  /** Makes room for a length of two bytes. */
  #widen(start: number, length: number): void {
    if (length >= 0x4000) this.giveUp();
    this.#bytes.copyWithin(start + 1, start, this.#at);
    this.#bytes[start - 1] = (length & 0x7f) | 0x80;
    this.#bytes[start] = length >> 7;
    this.#at += 1;
  }

  #varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#byte((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.#byte(rest);
  }

  #byte(value: number): void {
    this.#bytes[this.#at++] = value;
  }
}
