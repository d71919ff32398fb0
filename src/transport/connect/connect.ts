import type { DescMethodUnary, Message } from '@bufbuild/protobuf';
import {
  Code,
  ConnectError,
  type ConnectRouter,
  createConnectRouter,
  createContextValues,
  type HandlerContext,
} from '@connectrpc/connect';
import type { UniversalServerResponse } from '@connectrpc/connect/protocol';
import {
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from '@connectrpc/connect-node';
import type { Head, TimeoutHeader } from '../../call/head.ts';
import { JSON_OPTIONS, readerOf } from '../../rpc/codec/message-codec.ts';
import {
  pathOf,
  type Rpc,
  type RpcCall,
  type RpcStream,
  type StreamingMethod,
  streamingMethods,
  unaryMethods,
} from '../../rpc/rpc.ts';
import type { BodyBudget } from '../body/budget.ts';
import { endWith, type NodeRequest, type NodeResponse } from '../http/node-http.ts';
import { stopSending } from '../http/stop-sending.ts';
import type { TransportLog } from '../listener.ts';
import { admitBegun, begunIn, begunKey, faultKey } from './context.ts';
import { toConnectError } from './error.ts';
import { protocolFault } from './protocol-fault.ts';
import { received, takeMessage } from './received.ts';

export interface ConnectOptions {
  readonly rpc: Rpc;
  readonly log: TransportLog;
  readonly budget: BodyBudget;
  /** Aborted when streams are to end. */
  readonly draining: AbortSignal;
}

/** A path that RPCs are served on. */
export interface ConnectPath {
  /** HTTP methods, for Allow. */
  readonly verbs: readonly string[];
  /** Media types of a POST, for Accept-Post. */
  readonly contentTypes: readonly string[];
  /** Whether a request has one of them. */
  takes(head: Head): boolean;
  /** Answers by Connect, gRPC-web or gRPC as the request asks. */
  serve(request: NodeRequest, response: NodeResponse, head: Head): Promise<void>;
}

const GRPC = ['application/grpc-web+proto', 'application/grpc-web+json', 'application/grpc'];
const ONE_MESSAGE = ['application/json', 'application/proto', ...GRPC];
const STREAMS = ['application/connect+json', 'application/connect+proto', ...GRPC];

/**
 * All three protocols of connect-node. It takes no compressed requests and compresses nothing:
 * tokens hardly shrink, compressing secrets beside what an attacker chose leaks them, and a Brotli
 * decoder is one more thing to attack.
 */
export function createConnect(options: ConnectOptions): ReadonlyMap<string, ConnectPath> {
  const { rpc, draining, budget } = options;
  const tell = tellAtTimes(options.log);
  const router = createConnectRouter({
    acceptCompression: [],
    jsonOptions: JSON_OPTIONS,
    requestGate: admitBegun,
  });
  const open = new Map<string, (head: Head) => RpcCall | RpcStream>();
  for (const method of unaryMethods(rpc)) {
    registerUnary(router, method);
    open.set(pathOf(method), (head) => rpc.open(method, head));
  }
  for (const method of streamingMethods(rpc)) {
    registerStream(router, method, draining);
    open.set(pathOf(method), (head) => rpc.openStream(method, head));
  }
  const paths = router.handlers.map((handler): readonly [string, ConnectPath] => {
    const { requestPath, method, allowedMethods } = handler;
    const read = readerOf(method);
    const isOne = method.methodKind !== 'bidi_streaming';
    const serve: ConnectPath['serve'] = async (request, response, head) => {
      try {
        const call = open.get(requestPath)?.(head);
        if (call === undefined) throw new Error(`${requestPath} is no method`);
        // Throws on a Host that makes no URL, or none (HTTP/1.0): outside of this block it would
        // end the process.
        const values = createContextValues().set(begunKey, call).set(faultKey, protocolFault(head));
        const universal = universalRequestFromNodeRequest(request, response, undefined, values);
        const answer = await handler(received(universal, { read, call, isOne, budget }));
        await universalResponseToNodeResponse(tidy(answer, request, response), response);
      } catch (thrown) {
        if (ConnectError.from(thrown).code === Code.Aborted) return;
        tell(head.path, thrown);
        if (response.headersSent) response.destroy();
        else endWith(response, 400);
      }
    };
    const takes = (head: Head) =>
      head.verb === 'GET' || handler.supportedContentType(head.header('content-type') ?? '');
    const contentTypes = method.methodKind === 'unary' ? ONE_MESSAGE : STREAMS;
    return [requestPath, { verbs: allowedMethods, contentTypes, takes, serve }];
  });
  return new Map(paths);
}

/** Between two lines of the log about requests that could not be answered, in milliseconds. */
const SILENCE_MS = 30_000;

/** A client can bring it about, by its Host or by going away: not a line for each. */
function tellAtTimes(log: TransportLog): (path: string, thrown: unknown) => void {
  let toldAtMs = Number.NEGATIVE_INFINITY;
  let untold = 0;
  return (path, thrown) => {
    const nowMs = performance.now();
    untold += 1;
    if (nowMs - toldAtMs < SILENCE_MS) return;
    log.warn({ path, problem: (thrown as Error).name, count: untold }, 'requests not answered');
    toldAtMs = nowMs;
    untold = 0;
  };
}

/** The header in which a protocol of connect-node says how long a client waits. */
export function timeoutHeaderOf(contentType: string | undefined): TimeoutHeader {
  return contentType?.startsWith('application/grpc') ? 'grpc-timeout' : 'connect-timeout-ms';
}

function registerUnary(router: ConnectRouter, method: DescMethodUnary): void {
  router.rpc(method, async (_empty: Message, context) => {
    const call = begunIn<RpcCall>(context);
    try {
      return await call.run(takeMessage(context));
    } catch (thrown) {
      throw toConnectError(call.fail(thrown));
    }
  });
}

/**
 * Serves a method that streams, over HTTP/2. connect-node asks for an answer when the one before has
 * been taken, and reads when it is asked to, so that there is nothing to bound here.
 */
function registerStream(router: ConnectRouter, method: StreamingMethod, draining: AbortSignal) {
  async function* answers(empty: AsyncIterable<Message>, context: HandlerContext) {
    async function* taken(): AsyncGenerator<Message> {
      for await (const _ of empty) yield takeMessage(context);
    }
    try {
      yield* begunIn<RpcStream>(context).run(taken(), draining);
    } catch (thrown) {
      throw toConnectError(thrown);
    }
  }
  if (method.methodKind === 'bidi_streaming') router.rpc(method, answers);
  else router.rpc(method, (empty: Message, context) => answers(only(empty), context));
}

async function* only(message: Message): AsyncGenerator<Message> {
  yield message;
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
