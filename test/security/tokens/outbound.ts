import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

export interface Connections {
  /** The ports that this process has tried to connect to, whoever asked and whether it worked. */
  ports(): readonly number[];
  stop(): void;
}

const CHANNEL = 'net.client.socket';

/** Watches every outgoing TCP connection of this process, TLS and HTTP included. */
export function watchConnections(): Connections {
  const ports = new Set<number>();
  const onSocket = (message: unknown) => {
    const { socket } = message as { socket: Socket };
    socket.on('connectionAttempt', (_ip: string, port: number) => ports.add(port));
    socket.on('connect', () => ports.add(socket.remotePort ?? 0));
  };
  subscribe(CHANNEL, onSocket);
  return { ports: () => [...ports], stop: () => unsubscribe(CHANNEL, onSocket) };
}
