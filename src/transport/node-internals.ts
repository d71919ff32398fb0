import type { ServerResponse } from 'node:http';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Server, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/**
 * What Node does not promise and is used all the same, all of it here. node-internals.test.ts holds it
 * against the Node that package.json names, and tells what has changed.
 */

interface Sockets {
  /** TCP connections, as the kernel gives them. */
  readonly connection: Socket;
  /** TLS connections whose handshake is done. */
  readonly secureConnection: TLSSocket;
}

/**
 * Takes a server's new connections in the place of Node's own protocols, which listen for the event as
 * soon as the server is made. Answers what hands a connection on to them.
 * @throws Error if nobody listens
 */
export function takeConnections<Event extends keyof Sockets>(
  server: Server,
  event: Event,
  take: (socket: Sockets[Event]) => void,
): (socket: Sockets[Event]) => void {
  const theirs = server.listeners(event);
  if (theirs.length === 0) throw new Error(`nobody takes the connections of '${event}'`);
  for (const each of theirs) server.off(event, each as () => void);
  server.prependListener(event, take as (socket: Socket) => void);
  return (socket) => {
    for (const each of theirs) each.call(server, socket);
  };
}

/**
 * Takes HTTP/2 streams bare. For a server with a 'request' listener Node wraps each into a request like
 * one of HTTP/1.1, which costs as much as the rest of a call.
 */
export function takeStreams(
  server: Server,
  take: (
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    flags: number,
    rawHeaders: readonly string[],
  ) => void,
): void {
  server.removeAllListeners('stream');
  server.on('stream', take);
}

/** Whether the head of an answer has left on an HTTP/1.1 connection that has turned out malformed. */
export function hasBegunToAnswer(socket: Socket): boolean {
  const { _httpMessage: answer } = socket as Socket & { _httpMessage?: ServerResponse | null };
  return answer?.headersSent === true;
}
