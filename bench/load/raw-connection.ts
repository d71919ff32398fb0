import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** An HTTP/1.1 connection that carries one call at a time and looks at as little as it can. */
export interface RawConnection {
  /** Sends a whole request; `done` gets the status, 0 if the connection broke. */
  send(bytes: Buffer, done: (status: number, body: Buffer) => void): void;
  destroy(): void;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const NOTHING: Buffer = Buffer.alloc(0);

export async function openConnection(origin: string): Promise<RawConnection> {
  const { protocol, hostname, port } = new URL(origin);
  const socket = await openSocket(protocol === 'https:', hostname, Number(port));
  socket.setNoDelay(true);
  let done: ((status: number, body: Buffer) => void) | undefined;
  let received: Buffer = NOTHING;
  const settle = (status: number, body: Buffer) => {
    const settled = done;
    done = undefined;
    received = NOTHING;
    settled?.(status, body);
  };
  socket.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const headEnd = received.indexOf(HEAD_END);
    if (headEnd < 0) return;
    const head = received.toString('latin1', 0, headEnd);
    const bodyAt = headEnd + HEAD_END.length;
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (received.length < bodyAt + length) return;
    settle(Number(head.slice(9, 12)), received.subarray(bodyAt, bodyAt + length));
  });
  socket.on('close', () => settle(0, NOTHING));
  socket.on('error', () => undefined);
  return {
    send(bytes, then) {
      done = then;
      if (socket.destroyed) settle(0, NOTHING);
      else socket.write(bytes);
    },
    destroy: () => socket.destroy(),
  };
}

/** The certificate is this run's own; whether it is trusted makes no difference to the figures. */
function openSocket(tls: boolean, host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const options = { host, port, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] };
    const socket = tls
      ? connectTls(options, () => resolve(socket))
      : connectTcp({ host, port }, () => resolve(socket));
    socket.once('error', reject);
  });
}
