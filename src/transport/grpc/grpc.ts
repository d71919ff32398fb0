import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { Server, ServerCredentials, type ServerOptions } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import type { HttpAnswer } from '../../call/endpoint.ts';
import { STRANGER_MAX_BYTES } from '../../call/open-call.ts';
import type { Rpc } from '../../rpc/rpc.ts';
import { type BodyBudget, createBodyBudget } from '../body/budget.ts';
import { trackConnections } from '../drain/connections.ts';
import { trackUnderway } from '../drain/underway.ts';
import { methodNotAllowed, unsupportedMediaType } from '../http/endpoints.ts';
import { Http2Exchange } from '../http/http2-exchange.ts';
import type { RawHeaders } from '../http/raw-headers.ts';
import { hasTwoAuthorities, splitTarget } from '../http/request-target.ts';
import { listen } from '../listen.ts';
import type { Listener, ListenOptions, ProxyOptions } from '../listener.ts';
import { readProxyHeaders } from '../proxy/proxied-connections.ts';
import { NO_PROXIES } from '../proxy/trusted-proxies.ts';
import type { TlsListenOptions } from '../tls/options.ts';
import { createPeers } from '../tls/peers.ts';
import { createGrpcConnections } from './connections.ts';
import { GrpcExchange } from './exchange.ts';
import { addReflection, takeStreams } from './grpc-js.ts';
import { createGrpcMethods, GRPC_TYPES, isGrpc } from './methods.ts';

export interface GrpcOptions extends ListenOptions, TlsListenOptions, ProxyOptions {
  readonly rpc: Rpc;
  /** Connections at once, default 20,000; more are refused. */
  readonly maxConnections?: number;
  /** Default: one of its own. */
  readonly budget?: BodyBudget;
}

export interface GrpcListener extends Listener {
  /** What grpc.health.v1 answers, for the server ('') and every service; not serving at first. */
  setServing(serving: boolean): void;
}

/** When sessions end whatever they do, in milliseconds: longer than any call may take. */
const SESSION_GRACE_MS = 60_000;

const SERVER_OPTIONS: ServerOptions = {
  // Its book-keeping costs a tenth of a call, and nobody asks for it.
  'grpc.enable_channelz': 0,
  'grpc.max_concurrent_streams': 1_000,
  // Megabytes that a connection may hold before its further streams are refused; unbounded by default.
  'grpc-node.max_session_memory': 32,
  // Gateways spread anew over the servers within the hour; calls under way get their answer.
  'grpc.max_connection_age_ms': 3_600_000,
  'grpc.max_connection_age_grace_ms': 30_000,
  // Finds peers that vanished without a word.
  'grpc.keepalive_time_ms': 60_000,
  'grpc.keepalive_timeout_ms': 20_000,
  // Of health checks and reflection: nobody has vouched for those who ask.
  'grpc.max_receive_message_length': STRANGER_MAX_BYTES,
};

const ANSWER_HEADERS = { 'grpc-accept-encoding': 'identity,deflate,gzip' };

const NO_HEADERS = {};

/** What is no gRPC is answered as HTTP; undefined for what is. */
function refusalOf(headers: IncomingHttpHeaders): HttpAnswer | undefined {
  if (hasTwoAuthorities(headers)) return { status: 400, headers: NO_HEADERS, body: '' };
  if (headers[':method'] !== 'POST') return methodNotAllowed(['POST']);
  return isGrpc(headers['content-type']) ? undefined : unsupportedMediaType(GRPC_TYPES);
}

/**
 * gRPC for gateways and services, with health checking and server reflection. Those two are served by
 * grpc-js, which has the sessions too; the methods of the contract are served on the bare streams.
 */
export async function startGrpc(options: GrpcOptions): Promise<GrpcListener> {
  const { rpc, budget = createBodyBudget() } = options;
  const grpc = new Server(SERVER_OPTIONS);
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const server = createGrpcConnections(options, injector);
  const peers = createPeers(readProxyHeaders(server, options.proxies ?? NO_PROXIES));
  const leaving = new AbortController();
  const health = new HealthImplementation();
  health.addToServer(grpc);
  addReflection(grpc, rpc);
  const names = ['', ...rpc.services.map((service) => service.typeName)];
  const setServing = (serving: boolean) => {
    for (const name of names) health.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
  };
  setServing(false);

  server.maxConnections = options.maxConnections ?? 20_000;
  const connections = trackConnections(server);
  const underway = trackUnderway(server);
  const methods = createGrpcMethods({ rpc, draining: leaving.signal, decompresses: true });
  takeStreams(grpc, (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, raw: RawHeaders) => {
    const serve = methods.get(splitTarget(headers[':path'])[0]);
    if (serve === undefined) return false;
    const peer = peers.of(stream.session?.socket);
    const of = { stream, headers, rawHeaders: raw, peer, budget, underway };
    const refusal = refusalOf(headers);
    if (refusal !== undefined) {
      const about = { ...of, requestHeaders: headers, headers: NO_HEADERS };
      new Http2Exchange(about).send(refusal);
      return true;
    }
    void serve(new GrpcExchange({ ...of, answerHeaders: ANSWER_HEADERS }));
    return true;
  });
  const address = await listen(server, options);

  const close = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    grpc.forceShutdown();
    connections.destroyAll();
    await closed;
  };
  return {
    address,
    setServing,
    async drain() {
      setServing(false);
      leaving.abort();
      const finished = new Promise<void>((resolve) => server.close(() => resolve()));
      // A GOAWAY on every connection. Not tryShutdown: that calls back at once when its HTTP/2 server
      // has closed the sessions first, as Node's does, however many calls are under way.
      injector.drain(SESSION_GRACE_MS);
      // Health watches and reflection streams never end by themselves: only calls are waited for.
      await Promise.race([finished, underway.none()]);
      await close();
    },
    close,
  };
}
