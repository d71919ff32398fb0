import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';

/** Node's request and response objects, which are the same on HTTP/1.1 and HTTP/2 but in name. */
export type NodeRequest = IncomingMessage | Http2ServerRequest;
export type NodeResponse = ServerResponse | Http2ServerResponse;

/** Ends an answer whose headers are set. */
export function endWith(response: NodeResponse, status: number, body = ''): void {
  response.statusCode = status;
  if (body === '') (response as ServerResponse).end();
  else (response as ServerResponse).end(body);
}
