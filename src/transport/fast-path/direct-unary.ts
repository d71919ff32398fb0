import type { DescMethodUnary } from '@bufbuild/protobuf';
import { codeToHttpStatus, errorToJsonBytes } from '@connectrpc/connect/protocol-connect';
import { type Encoding, type MessageCodec, messageCodecOf } from '../../rpc/codec/message-codec.ts';
import { pathOf, type Rpc, unaryMethods } from '../../rpc/rpc.ts';
import { toConnectError } from '../connect/error.ts';
import type { Exchange } from '../http/exchange.ts';

/** What is needed of a request. */
export type UnaryExchange = Omit<Exchange, 'send'>;

/** Answers one request that it has accepted. Never rejects. */
export type DirectAnswer = (exchange: UnaryExchange) => Promise<void>;

/**
 * The Connect unary protocol without connect-node, several times as fast: the protocol is one POST
 * (https://connectrpc.com/docs/protocol#unary-request). Anything unusual (another verb or content
 * type, a content encoding) it leaves to connect-node, as it does GET and the other protocols. What it
 * answers is the same byte for byte: a test compares the two.
 */
export interface DirectUnary {
  accept(
    verb: string | undefined,
    path: string,
    header: (name: string) => string | undefined,
  ): DirectAnswer | undefined;
}

interface Target {
  readonly method: DescMethodUnary;
  readonly codec: MessageCodec;
}

const PROTO = 'application/proto';
const JSON_TYPE = 'application/json';

export function createDirectUnary(rpc: Rpc): DirectUnary {
  const targets = new Map<string, Target>(
    unaryMethods(rpc).map((method) => [pathOf(method), { method, codec: messageCodecOf(method) }]),
  );
  return {
    accept(verb, path, header) {
      const target = verb === 'POST' ? targets.get(path) : undefined;
      if (target === undefined) return undefined;
      const contentType = header('content-type');
      if (contentType !== PROTO && contentType !== JSON_TYPE) return undefined;
      const coding = header('content-encoding');
      if (coding !== undefined && coding !== 'identity') return undefined;
      const version = header('connect-protocol-version');
      if (version !== undefined && version !== '1') return undefined;
      const encoding: Encoding = contentType === PROTO ? 'binary' : 'json';
      return (exchange) => answer(rpc, target, encoding, exchange);
    },
  };
}

async function answer(
  rpc: Rpc,
  { method, codec }: Target,
  encoding: Encoding,
  exchange: UnaryExchange,
): Promise<void> {
  let status = 200;
  let contentType = encoding === 'binary' ? PROTO : JSON_TYPE;
  let body: Uint8Array;
  const call = rpc.open(method, exchange);
  try {
    const admission = call.admit();
    if (admission !== undefined) await admission;
    const sent = exchange.readBody(call.maxBytes);
    const bytes = sent instanceof Promise ? await sent : sent;
    const output = await call.run(codec.read(bytes, encoding));
    body = codec.write(output, encoding);
  } catch (thrown) {
    const failure = call.fail(thrown);
    if (exchange.signal?.aborted) return;
    const error = toConnectError(failure);
    status = codeToHttpStatus(error.code);
    contentType = JSON_TYPE;
    body = errorToJsonBytes(error, undefined);
  }
  exchange.respond(status, contentType, body);
}
