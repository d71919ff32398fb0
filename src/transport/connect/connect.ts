import type { DescMethod, DescMethodUnary, Message } from '@bufbuild/protobuf';
import {
  Code,
  ConnectError,
  type ConnectRouter,
  createConnectRouter,
  createContextValues,
  type HandlerContext,
} from '@connectrpc/connect';
import type { UniversalServerRequest, UniversalServerResponse } from '@connectrpc/connect/protocol';
import {
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from '@connectrpc/connect-node';
import { readerOf } from '../../rpc/codec/read-message.ts';
import type { Peer, Rpc } from '../../rpc/rpc.ts';
import { endWith, type NodeRequest, type NodeResponse } from '../http/node-http.ts';
import { stopSending } from '../http/stop-sending.ts';
import type { TransportLog } from '../listener.ts';
import { type MessageLimits, maxBytesOf } from '../message-limits.ts';
import { streamingMethods } from '../streaming-methods.ts';
import { unaryMethods } from '../unary-methods.ts';
import { peerKey, rpcContextOf } from './context.ts';
import { toConnectError } from './error.ts';
import { JSON_OPTIONS } from './json-options.ts';
import { type Reading, received, takeMessage } from './received.ts';
import { registerStream } from './stream.ts';

export interface ConnectOptions {
  readonly rpc: Rpc;
  readonly limits: MessageLimits;
  readonly log: TransportLog;
  /** Aborted when streams are to end. */
  readonly draining: AbortSignal;
}

/** Answers by Connect, gRPC-web or gRPC as the request asks; undefined for a path of no method. */
export type ConnectHandler = (
  path: string,
) => ((request: NodeRequest, response: NodeResponse, peer: Peer) => Promise<void>) | undefined;

/**
 * All three protocols of connect-node. It takes no compressed requests and compresses nothing:
 * tokens hardly shrink, compressing secrets beside what an attacker chose leaks them, and a Brotli
 * decoder is one more thing to attack.
 */
export function createConnect({ rpc, limits, log, draining }: ConnectOptions): ConnectHandler {
  const router = createConnectRouter({ acceptCompression: [], jsonOptions: JSON_OPTIONS });
  for (const method of unaryMethods(rpc)) register(router, rpc, method);
  for (const method of streamingMethods(rpc)) registerStream(router, method, { rpc, draining });
  const handlers = new Map(
    router.handlers.map((handler) => {
      const reading = readingOf(handler.method, limits);
      return [
        handler.requestPath,
        (request: UniversalServerRequest) => handler(received(request, reading)),
      ];
    }),
  );

  return (path) => {
    const handler = handlers.get(path);
    if (handler === undefined) return undefined;
    return async (request, response, peer) => {
      try {
        // Throws on a Host that makes no URL, or none (HTTP/1.0): outside of this block it would
        // end the process.
        const values = createContextValues().set(peerKey, peer);
        const universal = universalRequestFromNodeRequest(request, response, undefined, values);
        const answer = await handler(universal);
        await universalResponseToNodeResponse(tidy(answer, request, response), response);
      } catch (thrown) {
        if (ConnectError.from(thrown).code === Code.Aborted) return;
        log.warn({ path, problem: (thrown as Error).name }, 'request not answered');
        if (response.headersSent) response.destroy();
        else endWith(response, 400);
      }
    };
  };
}

function readingOf(method: DescMethod, limits: MessageLimits): Reading {
  const isUnary = method.methodKind === 'unary';
  return { read: readerOf(method), maxBytes: maxBytesOf(method, limits), isUnary };
}

function register(router: ConnectRouter, rpc: Rpc, method: DescMethodUnary): void {
  const invoke = async (_empty: Message, context: HandlerContext) => {
    try {
      const message = takeMessage(context);
      return await rpc.invoke({ method, message, ...rpcContextOf(context) });
    } catch (thrown) {
      throw toConnectError(thrown);
    }
  };
  router.rpc(method, invoke);
}

/**
 * Of a message that is refused half-way connect-node leaves the rest unread. On HTTP/1.1 no other
 * request could follow it, and the client would wait for ever: the connection ends instead. On HTTP/2
 * the rest is thrown away, and the stream ends whether the client ends it or not.
 */
function tidy(
  answer: UniversalServerResponse,
  request: NodeRequest,
  response: NodeResponse,
): UniversalServerResponse {
  if ('stream' in request) {
    const { stream } = request;
    stream.once('finish', () => stream.removeAllListeners('data').resume());
    // The answer is whole but for its trailers, which nothing holds up.
    stream.once('wantTrailers', () => stopSending(stream));
    return answer;
  }
  const { body } = answer;
  return body === undefined ? answer : { ...answer, body: ending(body, request, response) };
}

/** The first chunk of an answer comes before its headers are sent. */
async function* ending(
  body: AsyncIterable<Uint8Array>,
  request: NodeRequest,
  response: NodeResponse,
): AsyncIterable<Uint8Array> {
  for await (const chunk of body) {
    if ('shouldKeepAlive' in response && !request.complete) response.shouldKeepAlive = false;
    yield chunk;
  }
}
