import { once } from 'node:events';
import { lstat, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import type { Address, UnixSocket } from './listener.ts';

/**
 * Opens a Unix socket that nobody else can connect to, at no moment. One that a process has left behind that
 * is gone is taken away first; one that is answered at, and any other file, is not: EADDRINUSE.
 */
export async function listenAtSocket(server: Server, { path, mode }: UnixSocket): Promise<Address> {
  if (await isAbandoned(path)) await unlink(path);
  // The socket is made by this very call, with what the mask leaves of its permissions.
  const mask = process.umask(0o777 & ~mode);
  try {
    server.listen({ path });
  } finally {
    process.umask(mask);
  }
  await once(server, 'listening');
  return { host: '', port: 0, path };
}

async function isAbandoned(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSocket() !== true) return false;
  const socket = connect({ path });
  try {
    await once(socket, 'connect');
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED';
  } finally {
    socket.destroy();
  }
}
