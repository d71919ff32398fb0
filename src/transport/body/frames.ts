import { invalidField, messageTooLarge, type SignumError } from '../../domain/errors.ts';
import { asBuffer } from '../../rpc/codec/binary-cursor.ts';

/** Flags and length (https://connectrpc.com/docs/protocol#streaming-request, gRPC the same). */
export const PREFIX_BYTES = 5;

/**
 * Takes messages out of the bytes of gRPC, gRPC-web and Connect streams, which all have the same prefix
 * before each. Holds one message that is half there, and never more than `maxBytes` of it.
 */
export class FrameReader {
  readonly #maxBytes: number;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  /** How many bytes there must be before it is worth looking again. */
  #wanted = PREFIX_BYTES;

  /** `maxBytes`: of a message without its prefix. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes of a message that is half there. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** The messages that are whole now, with their prefixes. @throws MESSAGE_TOO_LARGE */
  take(piece: Uint8Array): Buffer[] {
    if (this.#heldBytes === 0) return this.#split(piece);
    // A copy: of a large buffer a few bytes would keep all of it.
    this.#held.push(Buffer.from(piece));
    this.#heldBytes += piece.byteLength;
    if (this.#heldBytes < this.#wanted) return [];
    const all = Buffer.concat(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    return this.#split(all);
  }

  /** @throws INVALID_FIELD if a message is half there. */
  end(): void {
    if (this.#heldBytes > 0) throw invalidField('message', 'must not be cut short');
  }

  #split(bytes: Uint8Array): Buffer[] {
    const all = asBuffer(bytes);
    const frames: Buffer[] = [];
    let at = 0;
    while (at < all.byteLength) {
      this.#wanted = this.#wholeLength(all, at);
      if (all.byteLength - at < this.#wanted) break;
      frames.push(all.subarray(at, at + this.#wanted));
      at += this.#wanted;
    }
    if (at < all.byteLength) {
      this.#held = [Buffer.from(all.subarray(at))];
      this.#heldBytes = all.byteLength - at;
    }
    return frames;
  }

  /** Of the message that begins there, as far as it can be told. */
  #wholeLength(all: Buffer, at: number): number {
    if (all.byteLength - at < PREFIX_BYTES) return PREFIX_BYTES;
    const length = all.readUInt32BE(at + 1);
    if (length > this.#maxBytes) throw messageTooLarge(this.#maxBytes);
    return PREFIX_BYTES + length;
  }
}

/** A message with flags that are not understood here. */
export function hasFlags(): SignumError {
  return invalidField('message', 'must be sent uncompressed, in an envelope without flags');
}

/** A prefix and a message behind it. */
export function frameOf(payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + payload.byteLength);
  frame[0] = 0;
  frame.writeUInt32BE(payload.byteLength, 1);
  frame.set(payload, PREFIX_BYTES);
  return frame;
}
