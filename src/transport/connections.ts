import type { Server, Socket } from 'node:net';

/** The TCP connections of a server, those still in their TLS handshake included. */
export interface Connections {
  readonly size: number;
  destroyAll(): void;
}

export function trackConnections(server: Server): Connections {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return {
    get size() {
      return sockets.size;
    },
    destroyAll() {
      for (const socket of sockets) socket.destroy();
    },
  };
}
