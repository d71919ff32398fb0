import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Peer } from '../../rpc/rpc.ts';
import { ClientDeparture } from '../drain/departure.ts';
import type { UnaryExchange } from '../fast-path/direct-unary.ts';
import type { HeaderRecord } from './cors.ts';
import { readBody } from './read-body.ts';

/** In bytes. */
const LONGEST_TEXT = 4_096;

/** A request over HTTP/1.1. `headers` go on its answer. */
export function http1Exchange(
  request: IncomingMessage,
  response: ServerResponse,
  peer: Peer,
  headers: HeaderRecord,
): UnaryExchange {
  const signal = new ClientDeparture();
  response.on('close', () => {
    if (!response.writableFinished) signal.abort();
  });
  return {
    peer,
    signal,
    header: (name) => http1Header(request, name),
    readBody: (maxBytes) => readBody(request, maxBytes),
    respond(status, contentType, body) {
      // A body that was refused half-way is not read to its end: the connection ends instead.
      if (!request.complete) response.shouldKeepAlive = false;
      response.writeHead(status, {
        ...headers,
        'content-type': contentType,
        'content-length': body.byteLength,
      });
      if (body.byteLength > LONGEST_TEXT) response.end(body);
      else response.end(latin1(body), 'latin1');
    },
  };
}

/**
 * As text of the same bytes, for Node to put behind the headers: one write of one string is
 * cheaper than a vectored one of a string and a buffer.
 */
function latin1(bytes: Uint8Array): string {
  return Buffer.prototype.latin1Slice.call(bytes, 0, bytes.byteLength);
}

export function http1Header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'object' ? value[0] : value;
}
