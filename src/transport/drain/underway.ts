import { constants, type ServerHttp2Session } from 'node:http2';
import type { Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClientSignal } from '../../call/head.ts';
import { trackSockets } from './connections.ts';

/** Between "go elsewhere" and no more calls on a connection, in milliseconds: a round trip of any client. */
export const GOAWAY_GRACE_MS = 250;

/** Largest stream id: nothing under way is cut off by a GOAWAY that names it. */
const ALL_STREAMS = 2 ** 31 - 1;

/** From the last answer on, for its bytes to leave and clients to close, in milliseconds. */
const QUIET_MS = 100;
const POLL_MS = 10;

/** A call that its client is owed an answer to. */
export interface Owed {
  readonly signal: ClientSignal;
  /** Tells the client, if it can still be told, that the connection ends with this answer. */
  beLast?(): void;
}

/** The calls under way on a listener, whatever their protocol. */
export interface Underway {
  add(call: Owed): void;
  delete(call: Owed): void;
  /** Tells every client to go elsewhere, and those that still come. */
  sendAway(): void;
  /**
   * Resolves once every call is answered and its bytes have left. Connections may then be left that
   * have no call: silent ones, ones in their TLS handshake, and those whose client does not close.
   */
  none(): Promise<void>;
}

/** `isElsewhereQuiet`: whether no call is under way that is not counted here. */
export function trackUnderway(
  server: Server,
  isElsewhereQuiet: () => boolean = () => true,
): Underway {
  const calls = new Set<Owed>();
  const sockets = trackSockets(server, ['connection', 'secureConnection']);
  const sessions = new Set<ServerHttp2Session>();
  let leaving = false;

  server.on('session', (session: ServerHttp2Session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    // Its handshake was under way when the others were told, perhaps even when they were closed.
    if (leaving) dismiss(session);
  });

  /** Of a session what counts are its calls: one that never spoke may not close. */
  const isQuiet = () =>
    calls.size === 0 &&
    isElsewhereQuiet() &&
    sockets.values().every(({ writableLength, destroyed }) => destroyed || writableLength === 0);

  return {
    add: (call) => void calls.add(call),
    delete: (call) => void calls.delete(call),
    sendAway() {
      leaving = true;
      for (const call of calls) call.beLast?.();
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
