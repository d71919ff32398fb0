import { setTimeout as delay } from 'node:timers/promises';
import { pathOf, type Rpc, streamingMethods } from '../../rpc/rpc.ts';
import { type BodyBudget, createBodyBudget } from '../body/budget.ts';
import { createConnect } from '../connect/connect.ts';
import { trackConnections } from '../drain/connections.ts';
import { GOAWAY_GRACE_MS, trackUnderway } from '../drain/underway.ts';
import { createDirectUnary } from '../fast-path/direct-unary.ts';
import { createAccept } from '../fast-path/http1/accept.ts';
import { createAnswerHeads } from '../fast-path/http1/answer-head.ts';
import { KEEP_ALIVE_MS } from '../fast-path/http1/connection.ts';
import { serveFastPath } from '../fast-path/http1/connections.ts';
import { createGrpcMethods } from '../grpc/methods.ts';
import { listen } from '../listen.ts';
import type { Listener, ListenOptions, ProxyOptions, TransportLog } from '../listener.ts';
import { takeStreams } from '../node-internals.ts';
import { readProxyHeaders } from '../proxy/proxied-connections.ts';
import { NO_PROXIES } from '../proxy/trusted-proxies.ts';
import type { TlsListenOptions } from '../tls/options.ts';
import { createPeers } from '../tls/peers.ts';
import { createCors } from './cors.ts';
import { type Endpoints, NO_ENDPOINTS } from './endpoints.ts';
import { createPublicHandler } from './public-handler.ts';
import { createPublicServer } from './public-server.ts';
import { refuseMalformed } from './refuse-malformed.ts';
import { securityHeaders } from './security-headers.ts';

export interface PublicOptions extends ListenOptions, TlsListenOptions, ProxyOptions {
  readonly rpc: Rpc;
  /** Endpoints that are not RPCs. */
  readonly endpoints?: Endpoints;
  readonly log: TransportLog;
  /** Web origins that may call, such as `https://app.example`; none by default. */
  readonly corsOrigins?: readonly string[];
  /** Request headers that their pages may send besides those of the protocols. */
  readonly corsHeaders?: readonly string[];
  /** Whether browsers are told to use nothing but TLS for this host name; true by default. */
  readonly strictTransport?: boolean;
  /** Whether Connect unary calls skip connect-node; true by default. */
  readonly directUnary?: boolean;
  /** Default: one of its own. */
  readonly budget?: BodyBudget;
  /** Connections at once, default 20,000; more are refused. */
  readonly maxConnections?: number;
}

/** HTTPS for apps, browsers and services: Connect, gRPC-web, gRPC and the HTTP endpoints. */
export async function startPublic(options: PublicOptions): Promise<Listener> {
  const { rpc, log, endpoints = NO_ENDPOINTS, strictTransport = true } = options;
  const { corsOrigins = [], corsHeaders = [], budget = createBodyBudget() } = options;
  let draining = false;
  const leaving = new AbortController();
  // RFC 6797 section 7.2: never without TLS.
  const headers = securityHeaders(strictTransport && options.tls !== 'plaintext');
  const cors = createCors({ origins: corsOrigins, headers: corsHeaders });
  const server = createPublicServer(options);
  const direct = options.directUnary === false ? undefined : createDirectUnary(rpc);
  const isDraining = () => draining;
  server.maxConnections = options.maxConnections ?? 20_000;
  const spoken = options.tls === 'plaintext' ? 'connection' : 'secureConnection';
  const fastPath =
    direct &&
    serveFastPath(server, spoken, {
      accept: createAccept(direct, endpoints),
      budget,
      heads: createAnswerHeads({ headers, cors, keepAliveMs: KEEP_ALIVE_MS }),
      peerOf: (socket) => peers.of(socket),
      isDraining,
    });
  // What takes a connection last has it first, and what a proxy tells comes before HTTP.
  const peers = createPeers(readProxyHeaders(server, options.proxies ?? NO_PROXIES));
  const connections = trackConnections(server);
  const underway = trackUnderway(server, () => fastPath?.isQuiet() ?? true);
  const handler = createPublicHandler({
    direct,
    connect: createConnect({ rpc, log, budget, draining: leaving.signal }),
    grpc: createGrpcMethods({ rpc, draining: leaving.signal, decompresses: false }),
    endpoints,
    cors,
    headers,
    peers,
    budget,
    underway,
    isDraining,
    elapsedMs: (socket) => fastPath?.elapsedMs(socket),
    streamPaths: new Set(streamingMethods(rpc).map(pathOf)),
  });
  server.on('request', handler.http1);
  // What a client expects beyond 100-continue is not met, but it is no reason to refuse the request.
  server.on('checkExpectation', handler.http1);
  refuseMalformed(server, headers);
  takeStreams(server, handler.http2);
  const address = await listen(server, options);

  const close = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    connections.destroyAll();
    await closed;
  };
  return {
    address,
    async drain() {
      draining = true;
      leaving.abort();
      underway.sendAway();
      if (connections.size > 0) await delay(GOAWAY_GRACE_MS);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      fastPath?.end();
      await Promise.race([closed, underway.none()]);
      await close();
    },
    close,
  };
}
