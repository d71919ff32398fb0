import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Peer } from '../../rpc/rpc.ts';
import { ClientDeparture } from '../drain/departure.ts';
import type { UnaryExchange } from '../fast-path/direct-unary.ts';
import type { HeaderRecord } from './cors.ts';
import { readBody } from './read-body.ts';
import { stopSending } from './stop-sending.ts';

/** A request over HTTP/2, on the bare stream. `headers` go on its answer. */
export function http2Exchange(
  stream: ServerHttp2Stream,
  requestHeaders: IncomingHttpHeaders,
  peer: Peer,
  headers: HeaderRecord,
): UnaryExchange {
  const signal = new ClientDeparture();
  let responded = false;
  // Without a listener a stream that breaks would end the process.
  stream.on('error', () => signal.abort());
  stream.on('close', () => {
    if (!responded) signal.abort();
  });
  return {
    peer,
    signal,
    header: (name) => http2Header(requestHeaders, name),
    readBody: (maxBytes) => readBody(stream, maxBytes),
    respond(status, contentType, body) {
      responded = true;
      if (stream.destroyed || stream.closed) return;
      stream.respond({
        ':status': status,
        ...headers,
        'content-type': contentType,
        'content-length': body.byteLength,
      });
      // A body that was refused half-way is not read to its end.
      if (!stream.readableEnded) stream.once('finish', () => stopSending(stream));
      stream.end(body);
    },
  };
}

export function http2Header(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'object' ? value[0] : value;
}
