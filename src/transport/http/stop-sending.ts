import { constants, type ServerHttp2Stream } from 'node:http2';

/** A client that sends nothing for so many milliseconds has stopped, and will not say so. */
const QUIET_MS = 500;

/** How long a client may go on sending, in milliseconds. */
const SENDING_MS = 5_000;

/**
 * Closes the stream of a call that is answered before its client has ended its own side (RFC 9113
 * section 8.1): many clients then just stop, and the stream would stay open. Not at once, for two
 * reasons. Some clients that learn of the answer and of the close together see the close only. And
 * clients made with Node count what they could not send any more against their connection, until it
 * takes no more calls. The caller sees to it that what still arrives is thrown away.
 */
export function stopSending(stream: ServerHttp2Stream): void {
  if (stream.readableEnded || stream.closed) return;
  const close = () => stream.close(constants.NGHTTP2_NO_ERROR);
  const patience = setTimeout(close, SENDING_MS).unref();
  stream.once('close', () => clearTimeout(patience));
  stream.removeAllListeners('timeout').setTimeout(QUIET_MS, close);
}
