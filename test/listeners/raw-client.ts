import { once } from 'node:events';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface RawAnswer {
  readonly status: number;
  /** Names as they were sent, in that order. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

/** An HTTP/1.1 connection on which bytes are written as they are. */
export interface RawClient {
  readonly socket: Socket;
  write(bytes: string | Uint8Array): void;
  /** The next answer, to HEAD without a body; undefined once the connection has ended without one. */
  next(verb?: 'HEAD'): Promise<RawAnswer | undefined>;
}

/** At a port or at a Unix socket. */
export interface RawServer {
  readonly port?: number;
  readonly path?: string | undefined;
  /** Whom to trust; without it the connection is plain. */
  readonly ca?: string | Buffer | undefined;
  /** Whether the client goes on when the server has closed its side. */
  readonly allowHalfOpen?: boolean;
}

const END = '\r\n\r\n';

export async function dialRaw(server: RawServer): Promise<RawClient> {
  const socket = await open(server);
  // So that what is written in pieces does not wait for acknowledgements.
  socket.setNoDelay(true);
  let received: Buffer = Buffer.alloc(0);
  let changed = Promise.withResolvers<void>();
  const change = () => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  socket.on('data', (piece: Buffer) => {
    received = Buffer.concat([received, piece]);
    change();
  });
  // A connection that is reset ends as one that is closed.
  socket.on('error', () => {}).on('close', change);
  return {
    socket,
    write: (bytes) => socket.write(bytes),
    async next(verb) {
      for (;;) {
        const found = readAnswer(received, verb);
        if (found !== undefined) {
          received = found.rest;
          return found.answer;
        }
        if (socket.closed) return undefined;
        await changed.promise;
      }
    },
  };
}

async function open({ port = 0, path, ca, allowHalfOpen = false }: RawServer): Promise<Socket> {
  if (ca !== undefined) {
    const options = { port, host: 'localhost', ca, allowHalfOpen, ALPNProtocols: ['http/1.1'] };
    const socket = connectTls(options);
    await once(socket, 'secureConnect');
    return socket;
  }
  const at = path === undefined ? { port, host: '127.0.0.1' } : { path };
  const socket = connectPlain({ ...at, allowHalfOpen });
  await once(socket, 'connect');
  return socket;
}

/** Writes a whole request and waits for its answer. */
export async function ask(client: RawClient, bytes: string | Uint8Array): Promise<RawAnswer> {
  client.write(bytes);
  const isHead = Buffer.from(bytes).toString('latin1', 0, 5) === 'HEAD ';
  const answer = await client.next(isHead ? 'HEAD' : undefined);
  if (answer === undefined) throw new Error('the connection has ended without an answer');
  return answer;
}

/** The answer that `bytes` begin with, once it is there to its end, and what comes after it. */
function readAnswer(bytes: Buffer, verb?: 'HEAD'): { answer: RawAnswer; rest: Buffer } | undefined {
  const end = bytes.indexOf(END);
  if (end < 0) return undefined;
  const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
  });
  const after = bytes.subarray(end + END.length);
  const length = verb === 'HEAD' ? 0 : Number(headerOf(headers, 'content-length') ?? 0);
  const isChunked = headerOf(headers, 'transfer-encoding') === 'chunked';
  const found = isChunked ? readChunks(after) : readLength(after, length);
  if (found === undefined) return undefined;
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1] ?? 0);
  return { answer: { status, headers, body: found.body }, rest: found.rest };
}

interface Body {
  readonly body: Buffer;
  readonly rest: Buffer;
}

function readLength(bytes: Buffer, length: number): Body | undefined {
  if (bytes.length < length) return undefined;
  return { body: bytes.subarray(0, length), rest: bytes.subarray(length) };
}

function readChunks(bytes: Buffer): Body | undefined {
  const end = bytes.indexOf('\r\n');
  if (end < 0) return undefined;
  const length = Number.parseInt(bytes.toString('latin1', 0, end), 16);
  const chunk = readLength(bytes.subarray(end + 2), length + 2);
  if (chunk === undefined) return undefined;
  if (length === 0) return { body: Buffer.alloc(0), rest: chunk.rest };
  const others = readChunks(chunk.rest);
  if (others === undefined) return undefined;
  return { body: Buffer.concat([chunk.body.subarray(0, length), others.body]), rest: others.rest };
}

/** By lower-case name. */
export function headerOf(headers: RawAnswer['headers'], name: string): string | undefined {
  return headers.find(([each]) => each.toLowerCase() === name)?.[1];
}
