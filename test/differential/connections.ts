import { type ClientHttp2Session, connect } from 'node:http2';
import { Agent, request } from 'node:https';
import type { TestServer } from '../setup/server.ts';

export interface Sent {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface Received {
  readonly status: number;
  /** Those at the end are among them. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** Connections that stay open, so that thousands of requests need no handshake each. */
export interface Connections {
  /** `http1` is answered without Node's HTTP as long as its requests are of the usual form. */
  readonly send: Readonly<Record<Connection, (sent: Sent) => Promise<Received>>>;
  close(): void;
}

export type Connection = 'http1' | 'node-http1' | 'http2' | 'grpc';

export function openConnections(server: TestServer): Connections {
  const { ca, address, grpcAddress } = server;
  const agents = [0, 1].map(() => new Agent({ keepAlive: true, maxSockets: 1, ca }));
  const [direct, node] = agents as [Agent, Agent];
  const sessions = new Map<string, ClientHttp2Session>();
  /** A session may have been ended by the server, for what it was sent before. */
  const session = (url: string) => {
    let open = sessions.get(url);
    if (open === undefined || open.closed || open.destroyed) {
      open = connect(url, { ca }).on('error', () => {});
      sessions.set(url, open);
    }
    return open;
  };
  return {
    send: {
      http1: (sent) => sendHttp1(address, direct, sent),
      // No fast path knows a header without a value.
      'node-http1': (sent) =>
        sendHttp1(address, node, { ...sent, headers: { ...sent.headers, 'x-nothing': '' } }),
      http2: (sent) => sendHttp2(session(address), sent),
      grpc: (sent) => sendHttp2(session(`https://${grpcAddress}`), sent),
    },
    close() {
      for (const agent of agents) agent.destroy();
      for (const open of sessions.values()) open.destroy();
    },
  };
}

function sendHttp1(address: string, agent: Agent, sent: Sent): Promise<Received> {
  const { method, path, headers, body } = sent;
  return new Promise((resolve, reject) => {
    const url = new URL(address);
    const length = method === 'GET' ? {} : { 'content-length': body.byteLength };
    const options = { host: url.hostname, port: url.port, agent, method, path };
    const outgoing = request({ ...options, headers: { ...headers, ...length } }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk) => chunks.push(chunk)).on('error', reject);
      incoming.on('end', () => {
        const all = Object.entries({ ...incoming.headers, ...incoming.trailers });
        const status = incoming.statusCode ?? 0;
        resolve({ status, headers: textsOf(all), body: Buffer.concat(chunks) });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function sendHttp2(session: ClientHttp2Session, sent: Sent): Promise<Received> {
  const { method, path, headers, body } = sent;
  return new Promise((resolve, reject) => {
    const endStream = method === 'GET';
    const head = { ...headers, ':method': method, ':path': path };
    const stream = session.request(head, { endStream });
    const chunks: Buffer[] = [];
    const received: [string, unknown][] = [];
    stream.on('response', (all) => received.push(...Object.entries(all)));
    stream.on('trailers', (all) => received.push(...Object.entries(all)));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
    stream.on('close', () => {
      const all = textsOf(received);
      const status = Number(all.get(':status'));
      if (Number.isNaN(status)) reject(new Error('closed without an answer'));
      else resolve({ status, headers: all, body: Buffer.concat(chunks) });
    });
    if (!endStream) stream.end(body);
  });
}

function textsOf(entries: readonly (readonly [string, unknown])[]): ReadonlyMap<string, string> {
  return new Map(entries.map(([name, value]) => [name, String(value)]));
}
