import type { DescMethod } from '@bufbuild/protobuf';
import { MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt';
import type { Connection, Connections, Received, Sent } from './connections.ts';
import {
  answered,
  bareFailure,
  connectFailureOf,
  type Encoding,
  failureOf,
  messageOf,
  type Reply,
} from './outcome.ts';

type Protocol = 'connect' | 'connect-get' | 'connect-stream' | 'grpc' | 'grpc-web';

/** One way in. */
export interface Door {
  readonly name: string;
  readonly protocol: Protocol;
  readonly connection: Connection;
  readonly encoding: Encoding;
  readonly contentType: string;
}

function door(protocol: Protocol, connection: Connection, encoding: Encoding, type: string): Door {
  const name = `${type || protocol} over ${connection}`;
  return { name, protocol, connection, encoding, contentType: type };
}

/** Of a content type in other words the fast paths know nothing: connect-node answers. */
const ALL: readonly Door[] = [
  ...(['http1', 'node-http1', 'http2'] as const).flatMap((connection) => [
    door('connect', connection, 'json', 'application/json'),
    door('connect', connection, 'binary', 'application/proto'),
    door('connect', connection, 'json', 'application/json; charset=utf-8'),
    door('connect', connection, 'binary', 'Application/Proto'),
  ]),
  ...(['node-http1', 'http2'] as const).flatMap((connection) => [
    door('connect-get', connection, 'json', ''),
    door('connect-get', connection, 'binary', ''),
    door('grpc-web', connection, 'json', 'application/grpc-web+json'),
    door('grpc-web', connection, 'binary', 'application/grpc-web+proto'),
  ]),
  door('connect-stream', 'http2', 'json', 'application/connect+json'),
  door('connect-stream', 'http2', 'binary', 'application/connect+proto'),
  door('grpc', 'http2', 'json', 'application/grpc+json'),
  door('grpc', 'http2', 'binary', 'application/grpc+proto'),
  door('grpc', 'grpc', 'binary', 'application/grpc'),
];

/** The ways in that a method has. */
export function doorsOf(method: DescMethod): readonly Door[] {
  const isUnary = method.methodKind === 'unary';
  return ALL.filter(({ protocol, connection }) => {
    if (protocol === 'connect-get') {
      return method.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS;
    }
    if (isUnary) return protocol !== 'connect-stream';
    // HTTP/1.1 cannot stream both ways.
    return connection !== 'node-http1' && protocol !== 'connect';
  });
}

/** What is sent through a door in the place of one message. */
export interface Knock {
  readonly method: DescMethod;
  readonly door: Door;
  /** The message, or what is to be taken for one. */
  readonly bytes: Uint8Array;
  /** The body in which the message is, where it has envelopes; one around it by default. */
  readonly body?: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

export async function knock(connections: Connections, each: Knock): Promise<Reply> {
  const { door } = each;
  const received = await connections.send[door.connection](requestOf(each));
  switch (door.protocol) {
    case 'connect':
    case 'connect-get':
      if (received.status === 200) return answerIn(each, received.body);
      return connectFailureOf(received.body.toString());
    case 'connect-stream':
      return connectStreamReply(each, received);
    default:
      return grpcReply(each, received);
  }
}

function answerIn({ method, door }: Knock, bytes: Uint8Array): Reply {
  return answered(method, messageOf(method, bytes, door.encoding));
}

function requestOf({ method, door, bytes, headers, body = enveloped(bytes) }: Knock): Sent {
  const { protocol, contentType, encoding } = door;
  const path = `/${method.parent.typeName}/${method.name}`;
  if (protocol === 'connect-get') {
    const query =
      encoding === 'json'
        ? `encoding=json&message=${percentEncoded(bytes)}`
        : `encoding=proto&base64=1&message=${Buffer.from(bytes).toString('base64url')}`;
    return { method: 'GET', path: `${path}?connect=v1&${query}`, headers, body: Buffer.alloc(0) };
  }
  const te = protocol === 'grpc' ? { te: 'trailers' } : {};
  const all = { ...headers, ...te, 'content-type': contentType };
  return {
    method: 'POST',
    path,
    headers: all,
    body: protocol === 'connect' ? bytes : body,
  };
}

/** Byte for byte: these need be no text. */
function percentEncoded(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
}

export function enveloped(bytes: Uint8Array, flags = 0): Buffer {
  const prefix = Buffer.alloc(5, flags);
  prefix.writeUInt32BE(bytes.byteLength, 1);
  return Buffer.concat([prefix, bytes]);
}

interface Envelope {
  readonly flags: number;
  readonly payload: Buffer;
}

function envelopesOf(body: Buffer): readonly Envelope[] {
  const envelopes: Envelope[] = [];
  for (let at = 0; at < body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    envelopes.push({ flags: body[at] ?? 0, payload: body.subarray(at + 5, end) });
    at = end;
  }
  return envelopes;
}

/** The first answer, or the error at the end of the stream. */
function connectStreamReply(each: Knock, { body }: Received): Reply {
  const [first, ...rest] = envelopesOf(body);
  if (first === undefined) throw new Error('nothing was sent');
  if (first.flags === 0) return answerIn(each, first.payload);
  expectNone(rest);
  return connectFailureOf(JSON.stringify(JSON.parse(first.payload.toString()).error));
}

/** Over gRPC-web what other protocols have in trailers is the last envelope, or in the headers. */
function grpcReply(each: Knock, { status, headers, body }: Received): Reply {
  if (status !== 200) return bareFailure(2, `HTTP ${status}`);
  const [first, second] = envelopesOf(body);
  const last = (first?.flags === 0x80 ? first : second)?.payload.toString() ?? '';
  const lines = last.split('\r\n').map((line) => line.split(': ') as [string, string]);
  const all = new Map([...headers, ...lines]);
  const code = Number(all.get('grpc-status'));
  if (code === 0 && first !== undefined) return answerIn(each, first.payload);
  const details = all.get('grpc-status-details-bin');
  if (details === undefined)
    return bareFailure(code, decodeURIComponent(all.get('grpc-message') ?? ''));
  return failureOf(Buffer.from(details, 'base64'));
}

function expectNone(rest: readonly Envelope[]): void {
  if (rest.length > 0) throw new Error('more than the end of the stream was sent');
}
