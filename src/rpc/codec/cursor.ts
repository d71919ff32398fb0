/** What is put in the place of bytes that are no UTF-8. */
const REPLACEMENT = '\ufffd';

/** Longer numbers are not plain. */
const LONGEST_NUMBER_BYTES = 4;

/** Goes through protobuf bytes field by field. It knows short lengths, short numbers, and text. */
export class Cursor {
  readonly #bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Reads one byte, which must be there. */
  byte(): number {
    return this.#bytes[this.at++] as number;
  }

  /** Reads a length. Where what it counts ends; -1 if that is past the limit. */
  end(limit: number): number {
    const bytes = this.#bytes;
    const low = bytes[this.at++] ?? -1;
    if (low < 0x80) return low < 0 || this.at + low > limit ? -1 : this.at + low;
    const high = bytes[this.at++] ?? 0xff;
    if (high >= 0x80) return -1;
    const end = this.at + (low & 0x7f) + (high << 7);
    return end > limit ? -1 : end;
  }

  /** Reads a number of at most four bytes, 0 to 2^28 - 1; -1 if it is longer or goes past the limit. */
  number(limit: number): number {
    let value = 0;
    for (let i = 0; i < LONGEST_NUMBER_BYTES && this.at < limit; i += 1) {
      const byte = this.byte();
      value |= (byte & 0x7f) << (7 * i);
      if (byte < 0x80) return value;
    }
    return -1;
  }

  /**
   * Reads text up to there; undefined if it is no UTF-8, or holds the replacement character, which
   * cannot be told from that.
   */
  text(end: number): string | undefined {
    const text = Buffer.prototype.utf8Slice.call(this.#bytes, this.at, end);
    if (text.includes(REPLACEMENT)) return undefined;
    this.at = end;
    return text;
  }
}
