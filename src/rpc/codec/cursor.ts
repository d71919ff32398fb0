/** What is put in the place of bytes that are no UTF-8. */
const REPLACEMENT = '\ufffd';

/** Goes through protobuf bytes field by field. It knows lengths of one or two bytes, and text. */
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
