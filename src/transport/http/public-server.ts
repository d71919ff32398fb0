import { createServer } from 'node:http';
import { createSecureServer, type SecureServerOptions } from 'node:http2';
import type { Server } from 'node:net';
import { MESSAGE_TIMEOUT_MS } from '../body/budget.ts';
import { followTlsFiles, type TlsListenOptions, tlsOptions } from '../tls/options.ts';

/** Header block of one request, in bytes, on HTTP/1.1 and HTTP/2. */
const MAX_HEADER_BYTES = 16 * 1024;

/** An HTTP/2 connection on which nothing happens is closed after this many milliseconds. */
const IDLE_SESSION_MS = 300_000;

/** Everything that a stranger can make the server hold or do is bounded here. */
const HTTP2_LIMITS: SecureServerOptions = {
  settings: { maxConcurrentStreams: 128, maxHeaderListSize: MAX_HEADER_BYTES },
  maxHeaderListPairs: 64,
  maxSettings: 16,
  // Megabytes; further streams are refused beyond it.
  maxSessionMemory: 10,
  maxSessionInvalidFrames: 100,
  maxSessionRejectedStreams: 100,
  maxOutstandingPings: 10,
  // Streams that a client opens and resets: a burst, then so many a second (CVE-2023-44487).
  streamResetBurst: 500,
  streamResetRate: 33,
  unknownProtocolTimeout: 10_000,
};

const HTTP1_LIMITS = {
  maxHeaderSize: MAX_HEADER_BYTES,
  headersTimeout: 10_000,
  // Head and body together.
  requestTimeout: MESSAGE_TIMEOUT_MS,
  // Longer than the 60 s after which common load balancers stop reusing a connection, so that it is
  // they who close it and no request is sent into a closing one.
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 1_000,
  // The handler answers that, with the headers that every answer has.
  requireHostHeader: false,
};

/** HTTP/1.1 and HTTP/2 on one port, by ALPN; without TLS there is none, and it is HTTP/1.1 only. */
export function createPublicServer(options: TlsListenOptions): Server {
  const { tls } = options;
  if (tls === 'plaintext') return createServer(HTTP1_LIMITS).setTimeout(IDLE_SESSION_MS);
  const all = {
    ...tlsOptions({ ...options, tls }, ['h2', 'http/1.1']),
    ...HTTP2_LIMITS,
    ...HTTP1_LIMITS,
    http1Options: HTTP1_LIMITS,
    allowHTTP1: true,
  };
  const server = createSecureServer(all as SecureServerOptions);
  followTlsFiles(server, tls);
  server.setTimeout(IDLE_SESSION_MS);
  return server;
}
