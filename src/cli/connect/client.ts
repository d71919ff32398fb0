import { createClient, type Interceptor, type Client as RpcClient } from '@connectrpc/connect';
import { createConnectTransport, Http2SessionManager } from '@connectrpc/connect-node';
import { CallerService } from '@signum/contract/signum/v1/caller_service_pb.js';
import { FeedService } from '@signum/contract/signum/v1/feed_service_pb.js';
import { KeyService } from '@signum/contract/signum/v1/key_service_pb.js';
import { TokenService } from '@signum/contract/signum/v1/token_service_pb.js';
import type { ClientSettings } from '../input/settings.ts';

/** The public API, over Connect. */
export interface Client {
  readonly tokens: RpcClient<typeof TokenService>;
  readonly keys: RpcClient<typeof KeyService>;
  readonly callers: RpcClient<typeof CallerService>;
  readonly feed: RpcClient<typeof FeedService>;
  /** Ends the connection; without it the process would wait for the connection to go idle. */
  close(): void;
}

/** Answers are small; a page of sessions with full metadata is the largest. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** Nothing is sent before the first call. */
export function openClient(settings: ClientSettings): Client {
  const { address, timeoutMs } = settings;
  const tls = {
    minVersion: 'TLSv1.2' as const,
    ...(settings.ca !== undefined && { ca: settings.ca }),
    ...(settings.clientCert !== undefined && { cert: settings.clientCert }),
    ...(settings.clientKey !== undefined && { key: settings.clientKey }),
  };
  const common = {
    baseUrl: address,
    defaultTimeoutMs: timeoutMs,
    interceptors: bearer(settings.apiKey),
    readMaxBytes: MAX_ANSWER_BYTES,
    // Answers are a few hundred bytes; decompressing what a server sends only adds risk.
    acceptCompression: [],
  };
  const sessionManager = new Http2SessionManager(address, {}, tls);
  const transport = settings.http1
    ? createConnectTransport({
        ...common,
        httpVersion: '1.1',
        nodeOptions: { ...tls, agent: false },
      })
    : createConnectTransport({ ...common, httpVersion: '2', sessionManager });
  return {
    tokens: createClient(TokenService, transport),
    keys: createClient(KeyService, transport),
    callers: createClient(CallerService, transport),
    feed: createClient(FeedService, transport),
    close: () => sessionManager.abort(),
  };
}

function bearer(apiKey: string | undefined): Interceptor[] {
  if (apiKey === undefined) return [];
  return [
    (next) => (request) => {
      request.header.set('authorization', `Bearer ${apiKey}`);
      return next(request);
    },
  ];
}
