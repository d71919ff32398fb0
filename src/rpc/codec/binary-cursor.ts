import { isUtf8 } from 'node:buffer';

/** Wire types (https://protobuf.dev/programming-guides/encoding/#structure). */
export const VARINT = 0;
export const FIXED64 = 1;
export const DELIMITED = 2;
export const FIXED32 = 5;

/** What is put in the place of bytes that are no UTF-8. */
const REPLACEMENT = '\ufffd';
const LONGEST_VARINT_BYTES = 10;
/** Of a varint that is read without a bigint. */
const SHORT_VARINT_BYTES = 4;
/** In bytes. */
const LONGEST_SHORT_TEXT = 16;

/** The same bytes. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Goes through protobuf bytes. None of its methods reads past the limit that it is given. */
export class BinaryCursor {
  readonly #bytes: Buffer;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = asBuffer(bytes);
  }

  /** A varint below 2^28; -1, without having moved, if it is longer than that or cut short. */
  short(limit: number): number {
    const first = this.#bytes[this.at] as number;
    if (first < 0x80 && this.at < limit) {
      this.at += 1;
      return first;
    }
    let value = 0;
    for (let i = 0; i < SHORT_VARINT_BYTES && this.at + i < limit; i += 1) {
      const byte = this.#bytes[this.at + i] as number;
      value |= (byte & 0x7f) << (7 * i);
      if (byte < 0x80) {
        this.at += i + 1;
        return value;
      }
    }
    return -1;
  }

  /** Any varint; -1 if it has more than 64 bits or is cut short. */
  varint(limit: number): bigint {
    let value = 0n;
    for (let i = 0; i < LONGEST_VARINT_BYTES && this.at < limit; i += 1) {
      const byte = this.#bytes[this.at++] as number;
      value |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte < 0x80) return value < 1n << 64n ? value : -1n;
    }
    return -1n;
  }

  /** A length, as where what it counts ends; -1 if that is past the limit. */
  end(limit: number): number {
    const length = this.short(limit);
    return length < 0 || this.at + length > limit ? -1 : this.at + length;
  }

  /** Text up to there; undefined if it is no UTF-8. */
  text(end: number): string | undefined {
    if (end - this.at <= LONGEST_SHORT_TEXT) {
      const text = this.#ascii(end);
      if (text !== undefined) return text;
    }
    const text = this.#bytes.toString('utf8', this.at, end);
    const isText = !text.includes(REPLACEMENT) || isUtf8(this.#bytes.subarray(this.at, end));
    this.at = end;
    return isText ? text : undefined;
  }

  /** Short text, as calling out of JavaScript takes longer; undefined, in place, if it is not ASCII. */
  #ascii(end: number): string | undefined {
    const bytes = this.#bytes;
    const codes = new Array<number>(end - this.at);
    let bits = 0;
    for (let i = 0; i < codes.length; i += 1) {
      const code = bytes[this.at + i] as number;
      codes[i] = code;
      bits |= code;
    }
    if (bits >= 0x80) return undefined;
    this.at = end;
    return String.fromCharCode.apply(String, codes);
  }

  /** A double; NaN, too, if it is cut short. */
  double(limit: number): number {
    if (this.at + 8 > limit) return Number.NaN;
    const { buffer, byteOffset } = this.#bytes;
    const value = new DataView(buffer, byteOffset + this.at, 8).getFloat64(0, true);
    this.at += 8;
    return value;
  }
}
