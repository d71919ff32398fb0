import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  constants,
  Http2ServerRequest,
  Http2ServerResponse,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { errorToJsonBytes } from '@connectrpc/connect/protocol-connect';
import type { HttpAnswer, HttpRoutes } from '../../call/http-answer.ts';
import { SignumError } from '../../domain/errors.ts';
import type { Peer } from '../../rpc/rpc.ts';
import type { ConnectHandler } from '../connect/connect.ts';
import { toConnectError } from '../connect/error.ts';
import type { DirectUnary } from '../fast-path/direct-unary.ts';
import type { Peers } from '../tls/peers.ts';
import type { Cors, HeaderRecord } from './cors.ts';
import { http1Exchange, http1Header } from './http1-exchange.ts';
import { http2Exchange, http2Header } from './http2-exchange.ts';
import { endWith, type NodeRequest, type NodeResponse } from './node-http.ts';
import { lacksHost } from './refuse-malformed.ts';

/** A stream on which nothing moves for so many milliseconds is cancelled. */
const IDLE_STREAM_MS = 30_000;

/** The same for calls that stream, which have an end of their own for when nothing moves. */
const IDLE_STREAMING_MS = 120_000;

export interface PublicHandlerDeps {
  /** Absent: connect-node answers everything. */
  readonly direct: DirectUnary | undefined;
  readonly connect: ConnectHandler;
  readonly routes: HttpRoutes;
  readonly cors: Cors;
  /** On every answer. */
  readonly headers: HeaderRecord;
  readonly peers: Peers;
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
  const { direct, peers, cors } = deps;
  const withoutOrigin = { ...deps.headers, ...cors.headersFor(undefined) };
  const headersFor = (origin: string | undefined): HeaderRecord =>
    origin === undefined ? withoutOrigin : { ...deps.headers, ...cors.headersFor(origin) };

  return {
    http1(request, response) {
      if (deps.isDraining()) response.shouldKeepAlive = false;
      const path = pathOf(request.url);
      const peer = peers.of(request.socket);
      const headers = headersFor(request.headers.origin);
      if (lacksHost(request)) {
        const malformed = { status: 400, headers: { connection: 'close' }, body: '' };
        send({ request, response, path, peer, headers }, malformed);
        return;
      }
      const answer =
        path === request.url
          ? direct?.accept(request.method, path, (name) => http1Header(request, name))
          : undefined;
      if (answer === undefined) void serve(deps, { request, response, path, peer, headers });
      else void answer(http1Exchange(request, response, peer, headers));
    },

    http2(stream, requestHeaders, _flags, rawHeaders) {
      const path = pathOf(requestHeaders[':path']);
      const peer = peers.of(stream.session?.socket);
      const headers = headersFor(http2Header(requestHeaders, 'origin'));
      const verb = requestHeaders[':method'];
      const answer =
        requestHeaders.expect === undefined && path === requestHeaders[':path']
          ? direct?.accept(verb, path, (name) => http2Header(requestHeaders, name))
          : undefined;
      if (answer !== undefined) {
        void answer(http2Exchange(stream, requestHeaders, peer, headers));
        return;
      }
      const idleMs = deps.streamPaths.has(path) ? IDLE_STREAMING_MS : IDLE_STREAM_MS;
      stream.setTimeout(idleMs, () => stream.close(constants.NGHTTP2_CANCEL));
      const request = new Http2ServerRequest(stream, requestHeaders, {}, rawHeaders);
      const response = new Http2ServerResponse(stream);
      if (requestHeaders.expect === '100-continue') response.writeContinue();
      void serve(deps, { request, response, path, peer, headers });
    },
  };
}

interface Exchange {
  readonly request: NodeRequest;
  readonly response: NodeResponse;
  readonly path: string;
  readonly peer: Peer;
  readonly headers: HeaderRecord;
}

async function serve(deps: PublicHandlerDeps, exchange: Exchange): Promise<void> {
  const { request, response, path, peer, headers } = exchange;
  const { origin } = request.headers;
  if (request.method === 'OPTIONS' && origin !== undefined) {
    const preflight = deps.cors.preflightFor(origin);
    send(exchange, { status: 204, headers: preflight, body: '' });
    return;
  }
  const call = deps.connect(path);
  if (call !== undefined) {
    for (const name in headers) response.setHeader(name, headers[name] ?? '');
    await call(request, response, peer);
    return;
  }
  send(exchange, await endpointAnswer(deps, exchange));
}

async function endpointAnswer(
  { routes }: PublicHandlerDeps,
  { request, path }: Exchange,
): Promise<HttpAnswer> {
  const endpoint = routes.get(path);
  if (endpoint === undefined) return failure(404, new SignumError('UNIMPLEMENTED', 'not found'));
  const header = (name: string) => {
    const value = request.headers[name];
    return typeof value === 'object' ? value[0] : value;
  };
  try {
    return await endpoint({ method: request.method ?? '', path, header });
  } catch (thrown) {
    return failure(500, thrown);
  }
}

function failure(status: number, thrown: unknown): HttpAnswer {
  const body = Buffer.from(errorToJsonBytes(toConnectError(thrown), undefined)).toString();
  return { status, headers: { 'content-type': 'application/json' }, body };
}

function send({ request, response, headers }: Exchange, answer: HttpAnswer): void {
  const hasBody = answer.status !== 204 && answer.status !== 304;
  const length = { 'content-length': String(Buffer.byteLength(answer.body)) };
  const all: HeaderRecord = { ...headers, ...answer.headers, ...(hasBody && length) };
  for (const name in all) response.setHeader(name, all[name] ?? '');
  endWith(response, answer.status, request.method === 'HEAD' ? '' : answer.body);
}

function pathOf(url = ''): string {
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}
