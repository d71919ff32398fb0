import type { Server, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { takeConnections } from '../../node-internals.ts';
import { FastPathConnection, type FastPathDeps } from './connection.ts';

/** The connections that Node's HTTP server has not been told of. */
export interface FastPath {
  /** Whether no call is under way on any. */
  isQuiet(): boolean;
  /** How long ago the request began that was handed over last, in milliseconds; once. */
  elapsedMs(socket: Socket): number | undefined;
  /** Each closes with its last answer, and those that wait for a request now. */
  end(): void;
}

/**
 * Goes between a server's connections and its HTTP, of which it leaves HTTP/2 alone. `event` tells of a
 * connection that HTTP is to be spoken on. To be called before anybody else takes those connections.
 */
export function serveFastPath(
  server: Server,
  event: 'connection' | 'secureConnection',
  deps: Omit<FastPathDeps, 'takeOver'>,
): FastPath {
  const connections = new Set<FastPathConnection>();
  const begunAtMs = new WeakMap<Socket, number>();
  const all: FastPathDeps = {
    ...deps,
    takeOver(socket, bytes, beganAtMs) {
      if (beganAtMs !== undefined) begunAtMs.set(socket, beganAtMs);
      socket.unshift(bytes);
      handOn(socket);
      socket.resume();
    },
  };
  const handOn = takeConnections(server, event, (socket: Socket) => {
    if (socket instanceof TLSSocket && socket.alpnProtocol === 'h2') {
      handOn(socket);
      return;
    }
    const connection = new FastPathConnection(socket, all, () => connections.delete(connection));
    connections.add(connection);
  });
  return {
    isQuiet: () => connections.values().every(({ isIdle }) => isIdle),
    elapsedMs(socket) {
      const beganAtMs = begunAtMs.get(socket);
      if (beganAtMs === undefined) return undefined;
      begunAtMs.delete(socket);
      return performance.now() - beganAtMs;
    },
    end() {
      for (const connection of connections) connection.end();
    },
  };
}
