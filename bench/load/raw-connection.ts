import { connect as connectTcp, type OnReadOpts, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { readHead } from './answer-head.ts';

/** An HTTP/1.1 connection that carries one call at a time and looks at as little as it can. */
export interface RawConnection {
  /** Sends a whole request; `done` gets the status, 0 if the connection broke. */
  send(bytes: Buffer, done: Answered): void;
  destroy(): void;
}

/** `body` makes a copy of the answer's body; it may be called until Answered returns. */
export type Answered = (status: number, body: () => Buffer) => void;

/** As much as a TLS record holds. */
const READ_BYTES = 16_384;
const NOTHING: Buffer = Buffer.alloc(0);

export async function openConnection(origin: string): Promise<RawConnection> {
  // One buffer for all reads: a new one for each would be most of what the client leaves to collect.
  const buffer = Buffer.alloc(READ_BYTES);
  let done: Answered | undefined;
  let earlier: Buffer = NOTHING;
  const settle = (status: number, body: () => Buffer) => {
    const settled = done;
    done = undefined;
    settled?.(status, body);
  };
  const read = (count: number) => {
    const joined = earlier.length > 0;
    const bytes = joined ? Buffer.concat([earlier, buffer.subarray(0, count)]) : buffer;
    const end = joined ? bytes.length : count;
    const head = readHead(bytes, end);
    if (head === undefined || end < head.bodyEnd) {
      earlier = joined ? bytes : Buffer.from(buffer.subarray(0, count));
      return;
    }
    earlier = NOTHING;
    settle(head.status, () => Buffer.from(bytes.subarray(head.bodyAt, head.bodyEnd)));
  };
  const onread: OnReadOpts = {
    buffer,
    callback(count) {
      read(count);
      return true;
    },
  };
  const socket = await openSocket(new URL(origin), onread);
  socket.setNoDelay(true);
  socket.on('close', () => settle(0, () => NOTHING));
  socket.on('error', () => undefined);
  return {
    send(bytes, then) {
      done = then;
      if (socket.destroyed) settle(0, () => NOTHING);
      else socket.write(bytes);
    },
    destroy: () => socket.destroy(),
  };
}

function openSocket({ protocol, hostname, port }: URL, onread: OnReadOpts): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const to = { host: hostname, port: Number(port), onread };
    // The certificate is this run's own; whether it is trusted makes no difference to the figures.
    const tls: ConnectionOptions = {
      ...to,
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
    };
    const socket: Socket =
      protocol === 'https:'
        ? connectTls(tls, () => resolve(socket))
        : connectTcp(to, () => resolve(socket));
    socket.once('error', reject);
  });
}
