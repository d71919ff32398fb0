import { createServer as createPlainServer, type Server, type Socket } from 'node:net';
import { createServer, TLSSocket } from 'node:tls';
import type { ConnectionInjector } from '@grpc/grpc-js';
import type { Peer } from '../../call/head.ts';
import type { ProxyOptions } from '../listener.ts';
import { readProxyHeaders } from '../proxy/proxied-connections.ts';
import { NO_PROXIES } from '../proxy/trusted-proxies.ts';
import { followTlsFiles, type TlsListenOptions, tlsOptions } from '../tls/options.ts';
import { peerOf } from '../tls/peers.ts';

export interface GrpcConnections {
  readonly server: Server;
  /** Who is at the other end of an open connection, by its `address:port`. */
  peerAt(addressAndPort: string): Peer;
}

const NOBODY: Peer = { ip: '', certificateNames: [] };

/**
 * Terminates TLS, unless the listener is a plaintext one, and hands the connections to grpc-js. A TLS
 * server of one's own does what that of grpc-js does not: it follows the certificate files, bounds the
 * handshake, asks for client certificates without insisting, and reads each certificate once a
 * connection instead of once a call (which takes 30 µs).
 */
export function createGrpcConnections(
  options: TlsListenOptions & ProxyOptions,
  injector: Pick<ConnectionInjector, 'injectConnection'>,
): GrpcConnections {
  const open = new Map<string, { readonly socket: Socket; readonly peer: Peer }>();
  const take = (socket: Socket) => {
    // An error here is the connection's end, which 'close' tells as well.
    socket.on('error', () => {});
    const key = `${socket.remoteAddress}:${socket.remotePort}`;
    // The address may only be taken anew once its former owner is gone. If that has not come
    // through yet, the former owner ends here, before it can be taken for the new one.
    open.get(key)?.socket.destroy();
    open.set(key, { socket, peer: peerOf(socket, proxied) });
    socket.once('close', () => {
      if (open.get(key)?.socket === socket) open.delete(key);
    });
    // Without TLS clients speak HTTP/2 because they know that the server does (RFC 9113 section 3.3).
    if (!(socket instanceof TLSSocket) || socket.alpnProtocol === 'h2') {
      injector.injectConnection(socket);
    } else socket.destroy();
  };
  const server = listening(options, take);
  const proxied = readProxyHeaders(server, options.proxies ?? NO_PROXIES);
  return { server, peerAt: (key) => open.get(key)?.peer ?? NOBODY };
}

function listening(options: TlsListenOptions, take: (socket: Socket) => void): Server {
  const { tls } = options;
  if (tls === 'plaintext') return createPlainServer(take);
  const server = createServer(tlsOptions({ ...options, tls }, ['h2']), take);
  followTlsFiles(server, tls);
  // Node tells of a handshake that failed or took too long, and leaves the connection open.
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return server;
}
