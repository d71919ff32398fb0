import { invalidField } from '../../domain/errors.ts';
import { messageTooLarge } from '../../rpc/codec/read-message.ts';

/** Flags and length (https://connectrpc.com/docs/protocol#streaming-request, gRPC the same). */
const PREFIX_BYTES = 5;

/** An envelope around nothing, or around JSON's nothing. */
export function envelopeOf(payload: Uint8Array): Uint8Array {
  const envelope = Buffer.alloc(PREFIX_BYTES + payload.byteLength);
  envelope.writeUInt32BE(payload.byteLength, 1);
  envelope.set(payload, PREFIX_BYTES);
  return envelope;
}

/**
 * The payloads of a body's envelopes. Throws MESSAGE_TOO_LARGE before one is read that is longer than
 * `maxBytes`, and INVALID_FIELD for one that is compressed, or cut short.
 */
export async function* payloads(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Buffer> {
  let pieces: Uint8Array[] = [];
  let held = 0;
  let needed = PREFIX_BYTES;
  for await (const piece of body) {
    pieces.push(piece);
    held += piece.byteLength;
    if (held < needed) continue;
    let bytes = Buffer.concat(pieces);
    for (
      needed = wholeLength(bytes, maxBytes);
      bytes.byteLength >= needed;
      needed = wholeLength(bytes, maxBytes)
    ) {
      yield bytes.subarray(PREFIX_BYTES, needed);
      bytes = bytes.subarray(needed);
    }
    pieces = [bytes];
    held = bytes.byteLength;
  }
  if (held > 0) throw invalidField('message', 'must not be cut short');
}

/** Of the envelope that these bytes begin with, as far as it can be told. */
function wholeLength(bytes: Buffer, maxBytes: number): number {
  if (bytes.byteLength < PREFIX_BYTES) return PREFIX_BYTES;
  if (bytes[0] !== 0)
    throw invalidField('message', 'must be sent uncompressed, in an envelope without flags');
  const length = bytes.readUInt32BE(1);
  if (length > maxBytes) throw messageTooLarge(maxBytes);
  return PREFIX_BYTES + length;
}
