import { connect } from 'node:tls';
import type { TestServer } from '../../setup/server.ts';

export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  /** Whether the server has closed the connection. */
  readonly closed: boolean;
}

/**
 * Writes bytes to the public listener as they are and reads the first answer; waits for the server to
 * close the connection if there is none.
 */
export function sendRaw(server: TestServer, bytes: string): Promise<RawAnswer> {
  const { port } = server.server.addresses.public;
  return new Promise((resolve, reject) => {
    const options = { port, host: 'localhost', ca: server.ca, ALPNProtocols: ['http/1.1'] };
    const socket = connect(options, () => socket.write(bytes));
    let received = '';
    const finish = (closed: boolean) => {
      resolve({ ...parse(received), closed });
      socket.destroy();
    };
    socket.on('data', (chunk) => {
      received += chunk;
      if (received.includes('\r\n\r\n')) finish(false);
    });
    socket.once('close', () => finish(true));
    socket.once('error', reject);
  });
}

function parse(received: string): Pick<RawAnswer, 'status' | 'headers'> {
  const [head = ''] = received.split('\r\n\r\n');
  const [first = '', ...lines] = head.split('\r\n');
  const pairs = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { status: Number(first.split(' ')[1] ?? 0), headers: new Map(pairs) };
}
