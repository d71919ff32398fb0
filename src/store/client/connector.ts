import { createConnection, type OnReadOpts, Socket } from 'node:net';
import tlsModule from 'node:tls';
import {
  type Redis,
  type RedisOptions,
  type SentinelAddress,
  type SentinelConnectionOptions,
  SentinelConnector,
  type StandaloneConnectionOptions,
} from 'ioredis';
import { StandaloneConnector } from 'ioredis/built/connectors/index.js';
import { type Greeting, greet } from './greeting.ts';
import type { Access } from './where/access.ts';

type Tell = Parameters<StandaloneConnector['connect']>[0];

/** How a connection begins. The client library hands it on with its own options. */
export interface Opening extends Pick<Greeting, 'db' | 'name'> {
  /** Read anew for each connection. @throws RedisMisconfigured */
  access(): Access;
  /** How long connecting, the handshake of TLS and the greeting may take together, in milliseconds. */
  readonly timeoutMs: number;
}

interface OpeningOptions {
  readonly opening: Opening;
}

type NodeOptions = StandaloneConnectionOptions & TcpOptions & Pick<RedisOptions, 'retryStrategy'>;
type TcpOptions = { readonly host?: string; readonly port?: number; readonly path?: string };

/**
 * Opens connections, greets, and hands over what can be used. One that cannot is handed over closed,
 * with why: so the client library goes on trying, and nothing is ever sent over it. Nodes of a Cluster
 * and the connections that its slots are read over inherit the connector with their options; its
 * subscriber does not, and connects only for those who subscribe, which nothing here does.
 */
export class NodeConnector extends StandaloneConnector {
  declare protected readonly options: NodeOptions;
  readonly #opening: Opening;

  /** The library declares the options of a connector unknown. */
  constructor(options: unknown) {
    super(options as StandaloneConnectionOptions);
    this.#opening = (options as OpeningOptions).opening;
  }

  override async connect(): Promise<Socket> {
    this.connecting = true;
    return begin(
      this.#opening,
      async ({ tls }) => {
        const { host = 'localhost', port = 6379, path } = this.options;
        const to = path === undefined ? { host, port } : { path };
        this.stream = tls ? tlsModule.connect({ ...to, ...tls }) : openPlainly(to);
        return this.stream as Socket;
      },
      (error) => {
        // Who does not try again has the command that it is for fail with this.
        if (this.options.retryStrategy === null) throw error;
        this.firstError = error;
      },
    );
  }
}

/** The same for the primary that Sentinels name, and for the connections to the Sentinels. */
export class SentinelPrimaryConnector extends SentinelConnector {
  readonly #opening: Opening;
  #reading = new Reading();

  constructor(options: unknown) {
    super(options as SentinelConnectionOptions);
    const { opening, sentinelOpening } = options as OpeningOptions & { sentinelOpening: Opening };
    this.#opening = opening;
    // Private, but there is no option that reaches these connections.
    const open = this['connectToSentinel'].bind(this) as OpenSentinel;
    this['connectToSentinel'] = ((endpoint, overrides) => {
      const own = { Connector: NodeConnector, opening: sentinelOpening };
      const sentinel = open(endpoint, { ...overrides, ...own });
      // Those that wait for a failover would print their errors, with stacks. It is told if no
      // Sentinel can be asked.
      return sentinel.on('error', ignore);
    }) satisfies OpenSentinel;
    const resolve = this['resolve'].bind(this) as Resolve;
    this['resolve'] = (async (endpoint) => {
      const primary = await resolve(endpoint).catch((error: Error) => {
        throw withCode(error);
      });
      if (!primary) throw new Error('it knows no primary of that name');
      this.#reading = new Reading();
      return { ...primary, onread: this.#reading };
    }) satisfies Resolve;
  }

  override connect(tell: Tell): Promise<Socket> {
    return begin(
      this.#opening,
      async ({ tls }) => {
        if (tls) this.options.tls = tls;
        const socket = await super.connect(tell);
        this.#reading.socket = socket;
        return socket;
      },
      (error) => {
        this.firstError = error;
      },
    );
  }
}

type Resolve = (endpoint: Partial<SentinelAddress>) => Promise<TcpOptions | null>;
type OpenSentinel = (endpoint: Partial<SentinelAddress>, overrides?: RedisOptions) => Redis;

/**
 * Resolves with a socket that has greeted, or with one that is closed after `failed` was told why;
 * rejects if `failed` throws.
 */
async function begin(
  opening: Opening,
  open: (access: Access) => Promise<Socket>,
  failed: (error: Error) => void,
): Promise<Socket> {
  let access: Access;
  let socket: Socket;
  try {
    access = opening.access();
    // Rejects when Sentinels tell of a failover just then. The library would take that for the end.
    socket = outliveErrors(await open(access));
  } catch (error) {
    failed(error as Error);
    return new Socket().destroy();
  }
  const timer = setTimeout(() => socket.destroy(timedOut()), opening.timeoutMs);
  try {
    await established(socket, access.tls ? 'secureConnect' : 'connect');
    const { username, password } = access;
    await greet(socket, { username, password, db: opening.db, name: opening.name });
  } catch (error) {
    socket.destroy();
    failed(error as Error);
  } finally {
    clearTimeout(timer);
  }
  return socket;
}

function established(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    const closed = () => reject(new Error('Connection is closed.'));
    socket.once(event, () => {
      socket.off('error', reject).off('close', closed);
      resolve();
    });
    socket.once('error', reject).once('close', closed);
  });
}

/** The library hands on the message only. */
function withCode(error: Error): Error {
  const code = 'code' in error ? String(error.code) : '';
  return error.message.includes(code) ? error : new Error(`${code} ${error.message}`);
}

function timedOut(): Error {
  return Object.assign(new Error('connect ETIMEDOUT'), { code: 'ETIMEDOUT', syscall: 'connect' });
}

/** What all sockets read into, one after the other, each read until it has been copied. */
const READ = Buffer.allocUnsafeSlow(65_536);

/**
 * How a TCP socket reads. Left to itself Node allocates 64 KiB for each read, outside of the heap and
 * a hundred times what comes, and V8 meets that with a full collection several times a second.
 */
class Reading implements OnReadOpts {
  readonly buffer = READ;
  socket: Socket | undefined;

  readonly callback = (length: number): boolean => {
    this.socket?.emit('data', Buffer.from(READ.subarray(0, length)));
    return true;
  };
}

function openPlainly(to: { host: string; port: number } | { path: string }): Socket {
  const onread = new Reading();
  onread.socket = createConnection({ ...to, onread });
  return onread.socket;
}

/**
 * A socket may fail more than once. The client library listens for the first error only (6.0.0), and
 * reports that one. A TLS handshake that both ends give up brings a second one: without a listener it
 * would end the process.
 */
function outliveErrors(socket: Socket): Socket {
  return socket.on('error', ignore);
}

function ignore(): void {}
