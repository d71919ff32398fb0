import { connect } from 'node:http2';
import { type Agent, request } from 'node:https';
import type { ClientIdentity } from './certificates.ts';

export interface Sent {
  readonly port: number;
  readonly ca: Buffer;
  readonly version: '1.1' | '2';
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  readonly identity?: ClientIdentity | undefined;
  /** Over HTTP/1.1: whose connections to use, instead of one that closes. */
  readonly agent?: Agent;
}

export interface Received {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** Over HTTP/1.1: whether the connection had carried another request before. */
  readonly isReused?: boolean;
}

/** One request on a connection of its own, unless an agent says otherwise, by Node's bare clients. */
export function send(sent: Sent): Promise<Received> {
  return sent.version === '2' ? sendHttp2(sent) : sendHttp1(sent);
}

function sendHttp1(sent: Sent): Promise<Received> {
  const { port, ca, path, method = 'GET', headers = {}, body, identity = {}, agent = false } = sent;
  return new Promise((resolve, reject) => {
    const options = {
      host: 'localhost',
      // Not what a header `host` says.
      servername: 'localhost',
      port,
      ca,
      path,
      method,
      headers,
      agent,
      ...identity,
    };
    const outgoing = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status = 0, headers } = response;
        const isReused = outgoing.reusedSocket;
        resolve({ status, headers, body: Buffer.concat(chunks), isReused });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function sendHttp2(sent: Sent): Promise<Received> {
  const { port, ca, path, method = 'GET', headers = {}, body, identity = {} } = sent;
  return new Promise((resolve, reject) => {
    const session = connect(`https://localhost:${port}`, { ca, ...identity });
    session.on('error', reject);
    const stream = session.request({ ...headers, ':method': method, ':path': path });
    const chunks: Buffer[] = [];
    let received: Readonly<Record<string, string | string[] | undefined>> = {};
    stream.on('response', ({ ':status': status, ...rest }) => {
      received = { ...rest, status: String(status) } as typeof received;
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('end', () => {
      session.close();
      const { status, ...headers } = received;
      if (status === undefined) return reject(new Error('closed without an answer'));
      resolve({ status: Number(status), headers, body: Buffer.concat(chunks) });
    });
    stream.end(body);
  });
}
