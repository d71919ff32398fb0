import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import type { TestServer } from '../../setup/server.ts';

export const TARGETS = ['public', 'gRPC'] as const;
export type Target = (typeof TARGETS)[number];

export function portOf({ server }: TestServer, target: Target): number {
  return (target === 'public' ? server.addresses.public : server.addresses.grpc).port;
}

/** A connection that swallows its errors and what it receives. */
export async function openTls(
  server: TestServer,
  target: Target,
  protocol: 'h2' | 'http/1.1' = 'h2',
): Promise<TLSSocket> {
  const options = { host: 'localhost', ca: server.ca, ALPNProtocols: [protocol] };
  const socket = connect({ port: portOf(server, target), ...options });
  socket.on('error', () => {});
  socket.resume();
  await once(socket, 'secureConnect');
  return socket;
}

export async function openTcp(server: TestServer, target: Target): Promise<Socket> {
  const socket = connectTcp(portOf(server, target), '127.0.0.1');
  socket.on('error', () => {});
  socket.resume();
  await once(socket, 'connect');
  return socket;
}

/** Writes at the speed of the server; false if it has closed the connection. */
export function write(socket: Socket, bytes: Uint8Array): Promise<boolean> {
  if (socket.destroyed || !socket.writable) return Promise.resolve(false);
  if (socket.write(bytes)) return Promise.resolve(true);
  return new Promise((resolve) => {
    const settle = (isOpen: boolean) => {
      socket.off('drain', onDrain).off('close', onClose);
      resolve(isOpen);
    };
    const onDrain = () => settle(true);
    const onClose = () => settle(false);
    socket.on('drain', onDrain).on('close', onClose);
  });
}

/** Resolves when the server has closed the connection. */
export async function closed(socket: Socket): Promise<void> {
  if (!socket.closed) await once(socket, 'close').catch(() => {});
}
