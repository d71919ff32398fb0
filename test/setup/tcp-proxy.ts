import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP proxy in this process that can misbehave as networks do. */
export interface TcpProxy {
  readonly port: number;
  /** Bytes that have passed towards the server. */
  readonly sentBytes: number;
  /** Connections accepted so far. */
  readonly accepted: number;
  /** What the server answers from now on is thrown away. */
  dropReplies(): void;
  /** Nothing passes either way from now on, and nothing is closed: a cable pulled. */
  blackhole(): void;
  /** Each piece takes that long, in milliseconds, either way. */
  delay(ms: number): void;
  /** The same for connections of replicas only: those that begin with PING, as no client's does. */
  delayReplicas(ms: number): void;
  /** Passes everything again, and lets go of the connections that have lost something. */
  heal(): void;
  /** Resets all connections; new ones are accepted. */
  cut(): void;
  /** Calls `act` once, with the next piece from a client, after passing it on. */
  onceSent(act: (piece: Buffer) => void): void;
  stop(): Promise<void>;
}

interface State {
  mode: 'pass' | 'drop-replies' | 'blackhole';
  delayMs: number;
  replicaDelayMs: number;
}

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const state: State = { mode: 'pass', delayMs: 0, replicaDelayMs: 0 };
  const pairs = new Map<Socket, Socket>();
  const maimed = new Set<Socket>();
  let sentBytes = 0;
  let accepted = 0;
  let onSent: ((piece: Buffer) => void) | undefined;

  /** Passes pieces on in the order in which they came, whatever becomes of the delay meanwhile. */
  const inOrder = (delayMs: () => number) => {
    const queue: { readonly dueMs: number; readonly act: () => void }[] = [];
    const pump = () => {
      for (let head = queue[0]; head; head = queue[0]) {
        const leftMs = head.dueMs - performance.now();
        if (leftMs > 0) return void setTimeout(pump, Math.ceil(leftMs));
        queue.shift();
        head.act();
      }
    };
    return (act: () => void) => {
      if (queue.push({ dueMs: performance.now() + delayMs(), act }) === 1) pump();
    };
  };
  const server = createServer((client) => {
    accepted += 1;
    const upstream = connect(targetPort, '127.0.0.1');
    pairs.set(client, upstream);
    let isReplica: boolean | undefined;
    const delayMs = () => Math.max(state.delayMs, isReplica ? state.replicaDelayMs : 0);
    const [forth, back] = [inOrder(delayMs), inOrder(delayMs)];
    client.setNoDelay(true);
    upstream.setNoDelay(true);
    client.on('data', (piece: Buffer) => {
      if (state.mode === 'blackhole') return void maimed.add(client);
      sentBytes += piece.length;
      isReplica ??= /^\*1\r\n\$4\r\nPING/i.test(piece.toString('latin1'));
      forth(() => upstream.write(piece));
      const act = onSent;
      onSent = undefined;
      act?.(piece);
    });
    upstream.on('data', (piece: Buffer) => {
      if (state.mode !== 'pass') return void maimed.add(client);
      back(() => client.write(piece));
    });
    const close = () => {
      pairs.delete(client);
      maimed.delete(client);
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) socket.on('error', close).on('close', close);
  });
  const reset = (client: Socket) => {
    client.resetAndDestroy();
    pairs.get(client)?.destroy();
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get sentBytes() {
      return sentBytes;
    },
    get accepted() {
      return accepted;
    },
    dropReplies: () => {
      state.mode = 'drop-replies';
    },
    blackhole: () => {
      state.mode = 'blackhole';
    },
    delay: (ms) => {
      state.delayMs = ms;
    },
    delayReplicas: (ms) => {
      state.replicaDelayMs = ms;
    },
    heal: () => {
      state.mode = 'pass';
      state.delayMs = 0;
      state.replicaDelayMs = 0;
      for (const client of [...maimed]) reset(client);
    },
    cut: () => {
      for (const client of [...pairs.keys()]) reset(client);
    },
    onceSent: (act) => {
      onSent = act;
    },
    stop: async () => {
      for (const client of [...pairs.keys()]) reset(client);
      server.close();
    },
  };
}
