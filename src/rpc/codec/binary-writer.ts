const VARINT = 0;
const LENGTH_DELIMITED = 2;
/** What a tag and a length take at most. */
const PREFIX_BYTES = 6;
/** Characters. */
const LONGEST_SHORT = 16;

/**
 * Writes protobuf into one piece of memory, over and over, in parts that may fail each for itself. It
 * knows what is usual: field numbers of two bytes, integers that a double holds. Given anything else, or
 * more than a part may hold, it gives up on the part that it is in: `isWhole` is false then, until
 * `rewind`.
 */
export class BinaryWriter {
  readonly #maxPartBytes: number;
  #bytes: Buffer;
  #at = 0;
  #limit: number;
  #isUsual = true;

  /** Of parts, at most 16 KiB: lengths within them take two bytes at most. */
  constructor(maxPartBytes: number) {
    this.#maxPartBytes = maxPartBytes;
    this.#limit = maxPartBytes;
    this.#bytes = Buffer.alloc(maxPartBytes);
  }

  giveUp(): void {
    this.#isUsual = false;
  }

  /** Whether all of the part could be written. */
  get isWhole(): boolean {
    return this.#isUsual && this.#at <= this.#limit;
  }

  /** Begins another part; what it gives goes to `rewind`. */
  part(): number {
    this.#makeRoom(this.#maxPartBytes);
    this.#limit = this.#at + this.#maxPartBytes;
    return this.#at;
  }

  /** Takes back a part, or all there is. */
  rewind(start = 0): void {
    this.#at = start;
    this.#isUsual = true;
  }

  /** Left out if it is 0, as proto3 does. */
  integer(field: number, value: number): void {
    if (value === 0) return;
    if (value < 0 || value > Number.MAX_SAFE_INTEGER) this.giveUp();
    this.#varint((field << 3) | VARINT);
    this.#varint(this.#isUsual ? value : 0);
  }

  /** Left out if it is empty, as proto3 does. */
  string(field: number, text: string): void {
    if (text !== '') this.element(field, text);
  }

  /** One of a repeated field. */
  element(field: number, text: string): void {
    const start = this.open(field);
    if (!this.#isShortAscii(text)) this.#utf8(text);
    this.close(start);
  }

  /** A part of any length, as somebody else has written it. */
  message(field: number, bytes: Uint8Array): void {
    this.#makeRoom(PREFIX_BYTES + bytes.length);
    this.#varint((field << 3) | LENGTH_DELIMITED);
    this.#varint(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
    this.#limit = this.#at;
  }

  /** Begins a sub-message; what it gives goes to `close`. */
  open(field: number): number {
    this.#varint((field << 3) | LENGTH_DELIMITED);
    this.#byte(0);
    return this.#at;
  }

  close(start: number): void {
    const length = this.#at - start;
    if (length < 0x80) this.#bytes[start - 1] = length;
    else this.#widen(start, length);
  }

  /** A copy of what has been written; undefined if the last part could not be. */
  finish(): Uint8Array | undefined {
    if (!this.isWhole) return undefined;
    const copy = Buffer.allocUnsafe(this.#at);
    this.#bytes.copy(copy, 0, 0, this.#at);
    return copy;
  }

  /** Makes room for a length of two bytes. */
  #widen(start: number, length: number): void {
    this.#bytes.copyWithin(start + 1, start, this.#at);
    this.#bytes[start - 1] = (length & 0x7f) | 0x80;
    this.#bytes[start] = length >> 7;
    this.#at += 1;
  }

  /** Writes text that is short and in ASCII, or nothing: calling out of JavaScript takes longer. */
  #isShortAscii(text: string): boolean {
    const { length } = text;
    if (length > LONGEST_SHORT) return false;
    const bytes = this.#bytes;
    const at = this.#at;
    let bits = 0;
    for (let i = 0; i < length; i += 1) {
      const code = text.charCodeAt(i);
      bits |= code;
      bytes[at + i] = code;
    }
    if (bits >= 0x80) return false;
    this.#at = at + length;
    return true;
  }

  #utf8(text: string): void {
    // Where there is no room for the longest that it can become, no more than fits would be written.
    if (this.#at + 3 * text.length > this.#bytes.length) this.giveUp();
    else this.#at += this.#bytes.write(text, this.#at);
  }

  #varint(value: number): void {
    let rest = value;
    while (rest >= 0x8000_0000) {
      this.#byte((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    while (rest >= 0x80) {
      this.#byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.#byte(rest);
  }

  #byte(value: number): void {
    this.#bytes[this.#at++] = value;
  }

  #makeRoom(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.alloc(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }
}
