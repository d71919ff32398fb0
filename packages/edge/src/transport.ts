import type { Interceptor, Transport } from '@connectrpc/connect';
import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node';
import type { EdgeCredentials, EdgeOptions } from './edge.ts';
import { EdgeError } from './edge-error.ts';

/** Connections to the servers: one for the feed, one for calls, so that neither waits for the other. */
export interface Transports {
  feed(): Transport;
  calls(): Transport;
  /** Goes on to the next server. */
  next(): void;
  /** Connections to come show these credentials; the feed's is ended now. */
  useCredentials(credentials: EdgeCredentials): void;
  close(): void;
}

/** A part of a snapshot is the longest message. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
const PING_MS = 5_000;
/** How long calls may go on over a connection whose credentials have been replaced. */
const ANSWER_MS = 60_000;

export function openTransports({
  address,
  credentials,
}: Pick<EdgeOptions, 'address' | 'credentials'>): Transports {
  const addresses = [address].flat().map(checkAddress);
  if (addresses.length === 0) throw new EdgeError('ADDRESS', '`address` must name a server');
  let servers = openAll(credentials);
  let current = 0;

  function openAll(shown: EdgeCredentials) {
    return addresses.map((url) => ({ feed: open(url, shown), calls: open(url, shown) }));
  }

  /** Ends of connections whose calls may still be answered. */
  const ending = new Set<() => void>();

  /** Calls that are under way are answered by whom they were sent to. */
  function endLater(all: typeof servers): void {
    const end = () => {
      clearTimeout(timer);
      ending.delete(end);
      for (const { calls } of all) calls.close();
    };
    const timer = setTimeout(end, ANSWER_MS).unref();
    ending.add(end);
  }

  function open(baseUrl: string, shown: EdgeCredentials) {
    const { ca, cert, key } = shown;
    const tls = { minVersion: 'TLSv1.2' as const, ...defined({ ca, cert, key }) };
    const sessionManager = new Http2SessionManager(baseUrl, { pingIntervalMs: PING_MS }, tls);
    const transport = createGrpcTransport({
      ...{ baseUrl, sessionManager, interceptors: [authorize(shown)] },
      readMaxBytes: MAX_MESSAGE_BYTES,
      acceptCompression: [],
    });
    return { transport, close: () => sessionManager.abort() };
  }

  const server = () => servers[current % servers.length] as (typeof servers)[number];
  return {
    feed: () => server().feed.transport,
    calls: () => server().calls.transport,
    next() {
      current += 1;
    },
    useCredentials(shown) {
      const before = servers;
      servers = openAll(shown);
      for (const { feed } of before) feed.close();
      endLater(before);
    },
    close() {
      for (const end of [...ending]) end();
      for (const { feed, calls } of servers) {
        feed.close();
        calls.close();
      }
    },
  };
}

function checkAddress(address: string): string {
  const url = URL.parse(address);
  if (
    url?.protocol !== 'https:' ||
    url.pathname !== '/' ||
    url.search !== '' ||
    url.username !== ''
  ) {
    throw new EdgeError(
      'ADDRESS',
      '`address` must be like https://signum.example:8443, nothing more',
    );
  }
  return url.origin;
}

/** A key that is a function is asked for each call, so that it can be replaced. */
function authorize({ apiKey }: EdgeOptions['credentials']): Interceptor {
  return (next) => (request) => {
    const key = typeof apiKey === 'function' ? apiKey() : apiKey;
    if (key !== undefined) request.header.set('authorization', `Bearer ${key}`);
    return next(request);
  };
}

function defined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as ReturnType<typeof defined<T>>;
}
