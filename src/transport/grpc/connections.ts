import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer, TLSSocket } from 'node:tls';
import type { ConnectionInjector } from '@grpc/grpc-js';
import { followTlsFiles, type TlsListenOptions, tlsOptions } from '../tls/options.ts';

/**
 * Terminates TLS, unless the listener is a plaintext one, and hands the connections to grpc-js. A TLS
 * server of one's own does what that of grpc-js does not: it follows the certificate files, bounds the
 * handshake, and asks for client certificates without insisting.
 */
export function createGrpcConnections(
  options: TlsListenOptions,
  injector: Pick<ConnectionInjector, 'injectConnection'>,
): Server {
  return listening(options, (socket) => {
    // An error here is the connection's end, which 'close' tells as well.
    socket.on('error', () => {});
    // Without TLS clients speak HTTP/2 because they know that the server does (RFC 9113 section 3.3).
    if (!(socket instanceof TLSSocket) || socket.alpnProtocol === 'h2') {
      injector.injectConnection(socket);
    } else socket.destroy();
  });
}

function listening(options: TlsListenOptions, take: (socket: Socket) => void): Server {
  const { tls } = options;
  if (tls === 'plaintext') return createTcpServer(take);
  const server = createServer(tlsOptions({ ...options, tls }, ['h2']), take);
  followTlsFiles(server, tls);
  // Node tells of a handshake that failed or took too long, and leaves the connection open.
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return server;
}
