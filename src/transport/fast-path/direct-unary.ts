import type { DescMessage, DescMethodUnary } from '@bufbuild/protobuf';
import {
  createMethodSerializationLookup,
  type MethodSerializationLookup,
} from '@connectrpc/connect/protocol';
import { codeToHttpStatus, errorToJsonBytes } from '@connectrpc/connect/protocol-connect';
import { quickWriterOf, type WriteQuickly } from '../../rpc/codec/quick-writer.ts';
import { type ReadMessage, readerOf } from '../../rpc/codec/read-message.ts';
import type { Departure, Peer, Rpc } from '../../rpc/rpc.ts';
import { toConnectError } from '../connect/error.ts';
import { JSON_OPTIONS } from '../connect/json-options.ts';
import { type MessageLimits, maxBytesOf } from '../message-limits.ts';
import { pathOf, unaryMethods } from '../unary-methods.ts';

/** One request, whatever the HTTP version. */
export interface UnaryExchange {
  /** A request header by its lower-case name. */
  header(name: string): string | undefined;
  readonly peer: Peer;
  /** Aborted when the client goes away before it is answered. */
  readonly signal: Departure;
  /** The whole body. Rejects with MESSAGE_TOO_LARGE beyond `maxBytes`. */
  readBody(maxBytes: number): Promise<Uint8Array>;
  respond(status: number, contentType: string, body: Uint8Array): void;
}

/** Answers one request that it has accepted. Never rejects. */
export type DirectAnswer = (exchange: UnaryExchange) => Promise<void>;

/**
 * The Connect unary protocol without connect-node, several times as fast: the protocol is one POST
 * (https://connectrpc.com/docs/protocol#unary-request). It takes requests that are plain in every
 * respect; anything unusual (another verb or content type, a content encoding, a time-out or
 * protocol version that is not well-formed) it leaves to connect-node, as it does GET and the other
 * protocols. What it answers is the same byte for byte: a test compares the two.
 */
export interface DirectUnary {
  accept(
    verb: string | undefined,
    path: string,
    header: (name: string) => string | undefined,
  ): DirectAnswer | undefined;
}

export interface DirectUnaryOptions {
  readonly rpc: Rpc;
  readonly limits: MessageLimits;
}

interface Target {
  readonly method: DescMethodUnary;
  readonly maxBytes: number;
  readonly serialization: MethodSerializationLookup<DescMessage, DescMessage>;
  readonly read: ReadMessage;
  readonly write: WriteQuickly;
}

const PROTO = 'application/proto';
const JSON_TYPE = 'application/json';

export function createDirectUnary({ rpc, limits }: DirectUnaryOptions): DirectUnary {
  const targets = new Map(
    unaryMethods(rpc).map((method) => [pathOf(method), targetOf(method, limits)]),
  );
  return {
    accept(verb, path, header) {
      const target = verb === 'POST' ? targets.get(path) : undefined;
      if (target === undefined) return undefined;
      const contentType = header('content-type');
      if (contentType !== PROTO && contentType !== JSON_TYPE) return undefined;
      if (!isPlain(header, target.maxBytes)) return undefined;
      const binary = contentType === PROTO;
      return (exchange) => answer(rpc, target, binary, exchange);
    },
  };
}

function targetOf(method: DescMethodUnary, limits: MessageLimits): Target {
  const maxBytes = maxBytesOf(method, limits);
  const io = { readMaxBytes: maxBytes, writeMaxBytes: 0xffff_ffff, compressMinBytes: 1_024 };
  const serialization = createMethodSerializationLookup(method, undefined, JSON_OPTIONS, io);
  return { method, maxBytes, serialization, read: readerOf(method), write: quickWriterOf(method) };
}

function isPlain(header: (name: string) => string | undefined, maxBytes: number): boolean {
  const encoding = header('content-encoding');
  if (encoding !== undefined && encoding !== 'identity') return false;
  const timeout = header('connect-timeout-ms');
  if (timeout !== undefined && !/^\d{1,10}$/.test(timeout)) return false;
  return Number(header('content-length') ?? 0) <= maxBytes;
}

async function answer(
  rpc: Rpc,
  { method, maxBytes, serialization, read, write }: Target,
  binary: boolean,
  exchange: UnaryExchange,
): Promise<void> {
  const startedAtMs = performance.now();
  let status = 200;
  let contentType = binary ? PROTO : JSON_TYPE;
  let body: Uint8Array;
  try {
    const bytes = await exchange.readBody(maxBytes);
    const { peer, signal } = exchange;
    const message = read(bytes, binary ? 'binary' : 'json');
    const header = (name: string) => exchange.header(name);
    const timeout = header('connect-timeout-ms');
    const timeoutMs =
      timeout === undefined ? undefined : Number(timeout) - (performance.now() - startedAtMs);
    const output = await rpc.invoke({ method, message, header, peer, signal, timeoutMs });
    const written = binary ? write(output) : undefined;
    body = written ?? serialization.getO(binary).serialize(output);
  } catch (thrown) {
    if (exchange.signal.aborted) return;
    const error = toConnectError(thrown);
    status = codeToHttpStatus(error.code);
    contentType = JSON_TYPE;
    body = errorToJsonBytes(error, undefined);
  }
  exchange.respond(status, contentType, body);
}
