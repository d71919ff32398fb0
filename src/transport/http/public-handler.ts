import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  constants,
  Http2ServerRequest,
  Http2ServerResponse,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import type { BodyBudget } from '../body/budget.ts';
import { type ConnectPath, timeoutHeaderOf } from '../connect/connect.ts';
import type { Underway } from '../drain/underway.ts';
import type { DirectUnary } from '../fast-path/direct-unary.ts';
import { GrpcExchange } from '../grpc/exchange.ts';
import { isGrpc, noSuchMethod, type ServeGrpc } from '../grpc/methods.ts';
import type { Peers } from '../tls/peers.ts';
import type { Cors, HeaderRecord } from './cors.ts';
import { type Endpoints, methodNotAllowed, notFound, unsupportedMediaType } from './endpoints.ts';
import { Http1Exchange } from './http1-exchange.ts';
import { Http2Exchange } from './http2-exchange.ts';
import type { NodeRequest, NodeResponse } from './node-http.ts';
import { hasTwoAuthorities, settleTarget } from './request-target.ts';

/** A stream on which nothing moves for so many milliseconds is cancelled. */
const IDLE_STREAM_MS = 30_000;

/** The same for calls that stream, which have an end of their own for when nothing moves. */
const IDLE_STREAMING_MS = 120_000;

export interface PublicHandlerDeps {
  /** Absent: connect-node answers all RPCs. */
  readonly direct: DirectUnary | undefined;
  readonly connect: ReadonlyMap<string, ConnectPath>;
  readonly endpoints: Endpoints;
  readonly cors: Cors;
  /** On every answer. */
  readonly headers: HeaderRecord;
  readonly peers: Peers;
  readonly budget: BodyBudget;
  readonly underway: Underway;
  /** What serves gRPC, by path. */
  readonly grpc: ReadonlyMap<string, ServeGrpc>;
  /** How long ago the request began that comes now, in milliseconds, if that was not just now. */
  elapsedMs(socket: Socket): number | undefined;
  /** Paths of methods that stream. */
  readonly streamPaths: ReadonlySet<string>;
  isDraining(): boolean;
}

/** One entrance for each HTTP version, both to the same methods and endpoints. */
export interface PublicHandler {
  http1(request: IncomingMessage, response: ServerResponse): void;
  http2(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    flags: number,
    rawHeaders: readonly string[],
  ): void;
}

export function createPublicHandler(deps: PublicHandlerDeps): PublicHandler {
  const { peers, cors, budget, underway } = deps;
  const withoutOrigin = { ...deps.headers, ...cors.headersFor(undefined) };
  const headersFor = (origin: string | undefined): HeaderRecord =>
    origin === undefined ? withoutOrigin : { ...deps.headers, ...cors.headersFor(origin) };

  return {
    http1(request, response) {
      if (deps.isDraining()) response.shouldKeepAlive = false;
      const fault = settleTarget(request);
      const headers = headersFor(request.headers.origin);
      const peer = peers.of(request.socket);
      const elapsedMs = deps.elapsedMs(request.socket);
      const about = { request, response, peer, headers, budget, underway, elapsedMs };
      const exchange = new Http1Exchange(about);
      if (fault !== undefined) {
        exchange.send({ status: fault, headers: { connection: 'close' }, body: '' });
        return;
      }
      serve(deps, exchange, () => {
        for (const name in headers) response.setHeader(name, headers[name] ?? '');
        return [request, response];
      });
    },

    http2(stream, requestHeaders, _flags, rawHeaders) {
      const peer = peers.of(stream.session?.socket);
      const { origin, expect } = requestHeaders;
      const headers = headersFor(typeof origin === 'object' ? origin[0] : origin);
      const isAmbiguous = hasTwoAuthorities(requestHeaders);
      const isCall = requestHeaders[':method'] === 'POST' && isGrpc(requestHeaders['content-type']);
      if (isCall && !isAmbiguous) {
        const grpc = { stream, headers: requestHeaders, rawHeaders, peer, budget, underway };
        const call = new GrpcExchange({ ...grpc, answerHeaders: headers });
        const serveGrpc = deps.grpc.get(call.path);
        if (serveGrpc === undefined) call.fail(noSuchMethod());
        else void serveGrpc(call);
        return;
      }
      const about = { stream, requestHeaders, rawHeaders, peer, headers, budget, underway };
      const exchange = new Http2Exchange(about);
      if (isAmbiguous) {
        exchange.send({ status: 400, headers: {}, body: '' });
        return;
      }
      if (expect === '100-continue') stream.additionalHeaders({ ':status': 100 });
      serve(deps, exchange, () => {
        const idleMs = deps.streamPaths.has(exchange.path) ? IDLE_STREAMING_MS : IDLE_STREAM_MS;
        stream.setTimeout(idleMs, () => stream.close(constants.NGHTTP2_CANCEL));
        const request = new Http2ServerRequest(stream, requestHeaders, {}, rawHeaders);
        const response = new Http2ServerResponse(stream);
        for (const name in headers) response.setHeader(name, headers[name] ?? '');
        return [request, response];
      });
    },
  };
}

/** `asNode`: the same request in the form that connect-node takes. */
function serve(
  { direct, connect, endpoints, cors }: PublicHandlerDeps,
  exchange: Http1Exchange | Http2Exchange,
  asNode: () => readonly [NodeRequest, NodeResponse],
): void {
  const { verb, path } = exchange;
  // A query is refused where it is read.
  const answer =
    exchange.query === '' ? direct?.accept(verb, path, (name) => exchange.header(name)) : undefined;
  if (answer !== undefined) {
    exchange.timeoutHeader = 'connect-timeout-ms';
    void answer(exchange);
    return;
  }
  const rpc = connect.get(path);
  const endpoint = rpc === undefined ? endpoints.find(path) : undefined;
  const origin = verb === 'OPTIONS' ? exchange.header('origin') : undefined;
  if (origin !== undefined && endpoint?.verbs !== 'any') {
    exchange.send({ status: 204, headers: cors.preflightFor(origin), body: '' });
  } else if (endpoint !== undefined) {
    void endpoints.serve(endpoint, exchange);
  } else if (rpc === undefined) {
    exchange.send(notFound());
  } else if (!rpc.verbs.includes(verb)) {
    exchange.send(methodNotAllowed(rpc.verbs));
  } else if (!rpc.takes(exchange)) {
    exchange.send(unsupportedMediaType(rpc.contentTypes));
  } else {
    exchange.timeoutHeader = timeoutHeaderOf(exchange.header('content-type'));
    const [request, response] = asNode();
    void rpc.serve(request, response, exchange);
  }
}
