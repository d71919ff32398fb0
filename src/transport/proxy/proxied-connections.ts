import type { Server, Socket } from 'node:net';
import { takeConnections } from '../node-internals.ts';
import { readProxyHeader } from './proxy-header.ts';
import { type TrustedProxies, unmappedIp } from './trusted-proxies.ts';

/** The clients on whose behalf proxies have connected. */
export interface ProxiedConnections {
  /** The address that the proxy gave for this connection; undefined if none did. */
  sourceIpOf(socket: Socket): string | undefined;
}

/** How long a proxy has for its header, in milliseconds; as long as for a TLS handshake. */
const HEADER_TIMEOUT_MS = 10_000;

/**
 * Reads PROXY protocol headers from connections of trusted proxies, before TLS and HTTP see the first
 * byte; one without a header goes on as it is. What others send is left to TLS and HTTP, to which such a
 * header is nonsense. To be called once HTTP has taken its connections, and before anybody else listens for them.
 */
export function readProxyHeaders(server: Server, proxies: TrustedProxies): ProxiedConnections {
  const sources = new Map<string, string>();
  if (proxies.isEmpty) return { sourceIpOf: () => undefined };
  const pass = takeConnections(server, 'connection', (socket) => {
    if (!proxies.trusts(unmappedIp(socket.remoteAddress))) {
      pass(socket);
      return;
    }
    readHeader(socket, (sourceIp) => {
      if (sourceIp !== undefined) remember(sources, socket, sourceIp);
      pass(socket);
    });
  });
  return { sourceIpOf: (socket) => sources.get(keyOf(socket)) };
}

/** What TLS makes of the connection has the same address and port, and nothing else in common with it. */
function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress}:${remotePort}`;
}

function remember(sources: Map<string, string>, socket: Socket, sourceIp: string): void {
  const key = keyOf(socket);
  sources.set(key, unmappedIp(sourceIp));
  socket.once('close', () => sources.delete(key));
}

function readHeader(socket: Socket, then: (sourceIp: string | undefined) => void): void {
  let held = Buffer.alloc(0);
  const timer = setTimeout(() => socket.destroy(), HEADER_TIMEOUT_MS);
  const onReadable = () => {
    held = Buffer.concat([held, ...readAll(socket)]);
    const header = held.length === 0 ? 'more' : readProxyHeader(held);
    if (header === 'more') return;
    stop();
    if (header === 'malformed') {
      socket.destroy();
      return;
    }
    const rest = header === 'none' ? held : held.subarray(header.length);
    if (rest.length > 0) socket.unshift(rest);
    then(header === 'none' ? undefined : header.sourceIp);
  };
  // A connection that is opened and closed is a health check.
  const onEnd = () => {
    stop();
    socket.destroy();
  };
  const stop = () => {
    clearTimeout(timer);
    socket.off('readable', onReadable).off('end', onEnd).off('error', onEnd).off('close', stop);
  };
  socket.on('readable', onReadable).on('end', onEnd).on('error', onEnd).on('close', stop);
}

function readAll(socket: Socket): Buffer[] {
  const pieces: Buffer[] = [];
  for (let piece = socket.read(); piece !== null; piece = socket.read()) pieces.push(piece);
  return pieces;
}
