import type { ServerResponse } from 'node:http';
import { constants, type ServerHttp2Session } from 'node:http2';
import type { Server, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { trackSockets } from './connections.ts';

/** Between "go elsewhere" and no more calls on a connection, in milliseconds: a round trip of any client. */
export const GOAWAY_GRACE_MS = 250;

/** Largest stream id: nothing under way is cut off by a GOAWAY that names it. */
const ALL_STREAMS = 2 ** 31 - 1;

/** From the last answer on, for its bytes to leave and clients to close, in milliseconds. */
const QUIET_MS = 100;
const POLL_MS = 10;

/** What an HTTP server owes to its clients. */
export interface Underway {
  /** Tells every client, and those that still come, to go elsewhere. */
  sendAway(): void;
  /**
   * Resolves once every call is answered. Connections may then be left that have no call: silent
   * ones, ones in their TLS handshake, and those whose client does not close its side.
   */
  none(): Promise<void>;
}

/** Takes HTTP/1.1 and HTTP/2, of which a server that is being closed forgets some connections. */
export function trackUnderway(server: Server, isElsewhereQuiet: () => boolean): Underway {
  // Whether a connection is owed an answer is looked up when it matters: keeping count of each
  // answer would take a quarter of what a validation costs.
  const sockets = trackSockets(server, ['connection', 'secureConnection']);
  const sessions = new Set<ServerHttp2Session>();
  let leaving = false;

  server.on('session', (session: ServerHttp2Session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    // Its handshake was under way when the others were told, perhaps even when they were closed.
    if (leaving) dismiss(session);
  });

  /** One that is destroyed has sent all that it had, although its client may not have closed. */
  const isQuiet = () =>
    isElsewhereQuiet() &&
    sockets.values().every((each) => owedTo(each) === undefined) &&
    sessions.values().every((each) => each.destroyed);

  return {
    sendAway() {
      leaving = true;
      for (const socket of sockets) {
        const response = owedTo(socket);
        if (response && !response.headersSent) response.shouldKeepAlive = false;
      }
      for (const session of sessions) dismiss(session);
    },
    async none() {
      for (let quietMs = 0; quietMs < QUIET_MS; ) {
        await delay(POLL_MS);
        quietMs = isQuiet() ? quietMs + POLL_MS : 0;
      }
    },
  };
}

/** The answer that Node is waiting for on an HTTP/1.1 connection, which its types keep quiet about. */
function owedTo(socket: Socket): ServerResponse | undefined {
  return (socket as { _httpMessage?: ServerResponse | null })._httpMessage ?? undefined;
}

/**
 * RFC 9113 section 6.8: first a GOAWAY that forbids nothing, so that no request is lost. After the
 * second one the session ends with its last call.
 */
function dismiss(session: ServerHttp2Session): void {
  // One that broke is destroyed before it is closed.
  if (session.closed || session.destroyed) return;
  session.goaway(constants.NGHTTP2_NO_ERROR, ALL_STREAMS);
  setTimeout(() => session.close(), GOAWAY_GRACE_MS).unref();
}
