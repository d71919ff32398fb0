import type { Server, Socket } from 'node:net';

/** The TCP connections of a server, those still in their TLS handshake included. */
export interface Connections {
  readonly size: number;
  destroyAll(): void;
}

export function trackConnections(server: Server): Connections {
  const sockets = trackSockets(server, ['connection']);
  return {
    get size() {
      return sockets.size;
    },
    destroyAll() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** The open sockets that a server tells of by these events, kept up to date. */
export function trackSockets(
  server: Server,
  events: readonly ('connection' | 'secureConnection')[],
): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  for (const event of events) {
    server.on(event, (socket: Socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
  }
  return sockets;
}
