import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import type { DescMethodUnary } from '@bufbuild/protobuf';
import type { Head } from '../../call/head.ts';
import { refuseQuery } from '../../call/parameters.ts';
import { invalidField, messageTooLarge, SignumError } from '../../domain/errors.ts';
import { type Encoding, type MessageCodec, messageCodecOf } from '../../rpc/codec/message-codec.ts';
import {
  pathOf,
  type Rpc,
  type StreamingMethod,
  streamingMethods,
  unaryMethods,
} from '../../rpc/rpc.ts';
import { hasFlags, PREFIX_BYTES } from '../body/frames.ts';
import { protocolFault } from '../connect/protocol-fault.ts';
import type { GrpcExchange } from './exchange.ts';

const DECOMPRESS = { gzip: promisify(gunzip), deflate: promisify(inflate) };

/** Of the flags of a message. */
const COMPRESSED = 1;

export interface GrpcMethodsOptions {
  readonly rpc: Rpc;
  /** Aborted when streams are to end. */
  readonly draining: AbortSignal;
  /** Whether messages may be compressed, by gzip or deflate. */
  readonly decompresses: boolean;
}

/** Answers one call of a method. Never rejects. */
export type ServeGrpc = (exchange: GrpcExchange) => Promise<void>;

/** What serves each method over gRPC, by its path. */
export function createGrpcMethods(options: GrpcMethodsOptions): ReadonlyMap<string, ServeGrpc> {
  const { rpc } = options;
  return new Map<string, ServeGrpc>([
    ...unaryMethods(rpc).map((method) => [pathOf(method), unary(method, options)] as const),
    ...streamingMethods(rpc).map((method) => [pathOf(method), streaming(method, options)] as const),
  ]);
}

export const GRPC_TYPES = ['application/grpc', 'application/grpc+proto', 'application/grpc+json'];

/** https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests, "Content-Type". */
export function isGrpc(contentType: string | undefined): boolean {
  return contentType !== undefined && /^application\/grpc(\+(proto|json))?$/i.test(contentType);
}

export function noSuchMethod(): SignumError {
  return new SignumError('UNIMPLEMENTED', 'there is no such method');
}

function refuseUnknown(exchange: GrpcExchange, decompresses: boolean): void {
  const fault = protocolFault(exchange, decompresses);
  if (fault !== undefined) throw fault;
}

/** @throws INVALID_FIELD for two, of which a proxy and this server may believe another each */
function encodingOf(exchange: GrpcExchange): Encoding {
  if (exchange.header('content-type') !== exchange.contentType) {
    throw invalidField('content-type', 'must come once');
  }
  return /json$/i.test(exchange.contentType) ? 'json' : 'binary';
}

function unary(method: DescMethodUnary, { rpc, decompresses }: GrpcMethodsOptions): ServeGrpc {
  const codec = messageCodecOf(method);
  return async (exchange) => {
    const call = rpc.open(method, exchange);
    try {
      refuseUnknown(exchange, decompresses);
      const admission = call.admit();
      if (admission !== undefined) await admission;
      refuseQuery(exchange.query);
      const frame = await exchange.readOne(call.maxBytes);
      const encoding = encodingOf(exchange);
      const bytes =
        frame[0] === 0
          ? frame.subarray(PREFIX_BYTES)
          : await decompress(frame, exchange, decompresses, call.maxBytes);
      const output = await call.run(codec.read(bytes, encoding));
      exchange.answer(codec.write(output, encoding));
    } catch (thrown) {
      exchange.fail(call.fail(thrown));
    }
  };
}

function streaming(method: StreamingMethod, options: GrpcMethodsOptions): ServeGrpc {
  const { rpc, draining, decompresses } = options;
  const codec = messageCodecOf(method);
  return async (exchange) => {
    const call = rpc.openStream(method, exchange);
    try {
      refuseUnknown(exchange, decompresses);
      const encoding = encodingOf(exchange);
      await call.admit();
      refuseQuery(exchange.query);
      const isOne = method.methodKind === 'server_streaming';
      const messages = messagesOf(exchange, {
        codec,
        decompresses,
        isOne,
        maxBytes: call.maxBytes,
      });
      for await (const answer of call.run(messages, draining)) {
        await exchange.write(codec.write(answer, encoding));
      }
      exchange.end();
    } catch (thrown) {
      exchange.fail(call.fail(thrown));
    }
  };
}

interface Reading {
  readonly codec: MessageCodec;
  readonly decompresses: boolean;
  /** Whether there is exactly one message. */
  readonly isOne: boolean;
  readonly maxBytes: number;
}

async function* messagesOf(
  exchange: GrpcExchange,
  { codec, decompresses, isOne, maxBytes }: Reading,
) {
  const encoding = encodingOf(exchange);
  const frames = isOne ? [await exchange.readOne(maxBytes)] : exchange.readAll(maxBytes);
  for await (const frame of frames) {
    const bytes =
      frame[0] === 0
        ? frame.subarray(PREFIX_BYTES)
        : await decompress(frame, exchange, decompresses, maxBytes);
    yield codec.read(bytes, encoding);
  }
}

/**
 * The message in a frame with flags, decompressed to at most `maxBytes`.
 * @throws INVALID_FIELD for a compression that is not known, or not allowed here.
 */
async function decompress(
  frame: Buffer,
  head: Pick<Head, 'header'>,
  isAllowed: boolean,
  maxBytes: number,
): Promise<Uint8Array> {
  const encoding = frame[0] === COMPRESSED ? head.header('grpc-encoding') : undefined;
  if (!isAllowed || !(encoding === 'gzip' || encoding === 'deflate')) throw hasFlags();
  try {
    return await DECOMPRESS[encoding](frame.subarray(PREFIX_BYTES), { maxOutputLength: maxBytes });
  } catch (thrown) {
    const isTooLarge = (thrown as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw isTooLarge ? messageTooLarge(maxBytes) : invalidField('message', `must be ${encoding}`);
  }
}
