import { once } from 'node:events';
import type { Server } from 'node:net';
import { listenAtSocket } from './listen-at-socket.ts';
import type { Address, ListenOptions } from './listener.ts';

/** Opens the port or the socket, or rejects as the operating system says, EADDRINUSE for instance. */
export async function listen(
  server: Server,
  { host, port, socket }: ListenOptions,
): Promise<Address> {
  if (socket !== undefined) return listenAtSocket(server, socket);
  server.listen({ host, port });
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not a TCP listener');
  return { host: address.address, port: address.port };
}
