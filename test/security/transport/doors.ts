import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTls } from 'node:tls';
import { CODE_OF } from '../../../src/domain/errors.ts';
import type { TestServer } from '../../setup/server.ts';

/** Every way by which a request comes in, each by bytes of one's own. */
export const DOORS = [
  'Connect binary on HTTP/1.1',
  'Connect JSON on HTTP/1.1',
  'Connect JSON with a charset on HTTP/1.1',
  'Connect binary on HTTP/2',
  'Connect JSON on HTTP/2',
  'gRPC-web on HTTP/1.1',
  'gRPC-web on HTTP/2',
  'gRPC on the public listener',
  'gRPC on the gRPC listener',
] as const;

export type Door = (typeof DOORS)[number];

export interface Knock {
  /** Such as `TokenService/Refresh`. */
  readonly method: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Of the message; each encoding has its own. */
  readonly json?: string;
  readonly binary?: Uint8Array;
  /** The message is announced to be so much longer, in bytes, and the rest does not come; default 0. */
  readonly missingBytes?: number;
}

export interface Answer {
  /** Of ErrorInfo; undefined if there is none. */
  readonly reason: string | undefined;
  /** Everything that was answered, to look into. */
  readonly text: string;
}

/** Sends a request and reads its answer; rejects if the connection ends without one. */
export function knock(server: TestServer, door: Door, knock: Knock): Promise<Answer> {
  const isJson = door.includes('JSON');
  const payload = isJson
    ? Buffer.from(knock.json ?? '{}')
    : Buffer.from(knock.binary ?? new Uint8Array());
  const { missingBytes = 0 } = knock;
  const length = payload.byteLength + missingBytes;
  const isFramed = door.startsWith('gRPC');
  const bytes = isFramed ? Buffer.concat([prefix(length), payload]) : payload;
  const request = {
    path: `/signum.v1.${knock.method}`,
    headers: { 'content-type': contentTypeOf(door), ...knock.headers },
    bytes,
    announced: isFramed ? length + 5 : length,
    isWhole: missingBytes === 0,
  };
  return door.includes('HTTP/1.1') ? overHttp1(server, request) : overHttp2(server, door, request);
}

interface Request {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly bytes: Buffer;
  readonly announced: number;
  readonly isWhole: boolean;
}

async function overHttp1(server: TestServer, request: Request): Promise<Answer> {
  const { port } = server.server.addresses.public;
  const socket = connectTls({
    port,
    host: 'localhost',
    ca: server.ca,
    ALPNProtocols: ['http/1.1'],
  });
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  const lines = Object.entries(request.headers).flatMap(([name, value]) =>
    [value].flat().map((each) => `${name}: ${each}\r\n`),
  );
  const head = `POST ${request.path} HTTP/1.1\r\nhost: localhost\r\n${lines.join('')}`;
  socket.write(`${head}content-length: ${request.announced}\r\n\r\n`);
  socket.write(request.bytes);
  let text = '';
  for await (const piece of socket) {
    text += piece.toString('latin1');
    if (isWholeAnswer(text)) break;
  }
  socket.destroy();
  if (text === '') throw new Error('the connection ended without an answer');
  return { text, reason: reasonIn(text) };
}

function isWholeAnswer(text: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const [, length] = /^content-length: (\d+)/im.exec(text) ?? [];
  if (length !== undefined) return text.length >= end + 4 + Number(length);
  return text.endsWith('0\r\n\r\n');
}

async function overHttp2(server: TestServer, door: Door, request: Request): Promise<Answer> {
  const { addresses } = server.server;
  const { port } = door === 'gRPC on the gRPC listener' ? addresses.grpc : addresses.public;
  const lenient = { strictSingleValueFields: false };
  const session = connectHttp2(`https://localhost:${port}`, { ca: server.ca, ...lenient });
  session.on('error', () => {});
  const stream = session.request({
    ':method': 'POST',
    ':path': request.path,
    'content-length': String(request.announced),
    ...(request.headers as Record<string, string | string[]>),
  });
  let text = '';
  stream.on('response', (headers) => {
    text += JSON.stringify(headers);
  });
  stream.on('trailers', (trailers) => {
    text += JSON.stringify(trailers);
  });
  stream.on('data', (piece: Buffer) => {
    text += piece.toString('latin1');
  });
  stream.on('error', () => {});
  if (request.isWhole) stream.end(request.bytes);
  else stream.write(request.bytes);
  await once(stream, 'end').catch(() => {});
  session.destroy();
  if (text === '') throw new Error('the stream ended without an answer');
  return { text, reason: reasonIn(text) };
}

function contentTypeOf(door: Door): string {
  if (door.startsWith('gRPC-web')) return 'application/grpc-web+proto';
  if (door.startsWith('gRPC')) return 'application/grpc';
  if (door.includes('charset')) return 'application/json; charset=utf-8';
  return door.includes('JSON') ? 'application/json' : 'application/proto';
}

function prefix(length: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

/** Of an answer of any protocol: in the error's JSON, or in the bytes of a google.rpc.Status. */
function reasonIn(text: string): string | undefined {
  const [, inJson] = /"debug":\{[^}]*"reason":"(\w+)"/.exec(text) ?? [];
  if (inJson !== undefined) return inJson;
  const [, encoded] = /grpc-status-details-bin"?: ?"?([\w+/=-]+)/.exec(text) ?? [];
  if (encoded === undefined) return undefined;
  const status = Buffer.from(encoded, 'base64').toString('latin1');
  const known = Object.keys(CODE_OF).filter((reason) => status.includes(reason));
  return known.sort((a, b) => b.length - a.length)[0];
}
