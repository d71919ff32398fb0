import { createConnection, type OnReadOpts, type Socket } from 'node:net';
import {
  type Redis,
  type RedisOptions,
  type SentinelAddress,
  type SentinelConnectionOptions,
  SentinelConnector,
  type StandaloneConnectionOptions,
} from 'ioredis';
import { StandaloneConnector } from 'ioredis/built/connectors/index.js';

type Tell = Parameters<StandaloneConnector['connect']>[0];

/**
 * Opens sockets that may fail more than once. The client library listens for the first error of a
 * socket only (6.0.0), and that is the one it reports; a TLS handshake that both ends give up brings a
 * second one, which without a listener would end the process. Nodes of a Cluster and the connections
 * that its slots are read over inherit the connector with their options; its subscriber does not, and
 * connects only for those who subscribe, which nothing here does.
 */
export class NodeConnector extends StandaloneConnector {
  /** The library declares the options of a connector unknown. */
  constructor(options: unknown) {
    super(options as StandaloneConnectionOptions);
  }

  override async connect(tell: Tell): Promise<Socket> {
    return outliveErrors(this.options.tls ? await super.connect(tell) : this.#connectPlainly());
  }

  /** The library has no option for how a socket reads. */
  #connectPlainly(): Socket {
    const { host = 'localhost', port = 6379 } = this.options as TcpOptions;
    const onread = new Reading();
    this.connecting = true;
    this.stream = onread.socket = createConnection({ host, port, onread });
    return onread.socket.once('error', (error) => {
      this.firstError = error;
    });
  }
}

/** The same for the primary that Sentinels name, and for the connections to the Sentinels. */
export class SentinelPrimaryConnector extends SentinelConnector {
  #reading = new Reading();

  constructor(options: unknown) {
    super(options as SentinelConnectionOptions);
    // Private, but there is no option that reaches these connections.
    const open = this['connectToSentinel'].bind(this) as OpenSentinel;
    this['connectToSentinel'] = ((endpoint, overrides) => {
      const sentinel = open(endpoint, { ...overrides, Connector: NodeConnector });
      // Those that wait for a failover would print their errors, with stacks. It is told if no
      // Sentinel can be asked.
      return sentinel.on('error', ignore);
    }) satisfies OpenSentinel;
    const resolve = this['resolve'].bind(this) as Resolve;
    this['resolve'] = (async (endpoint) => {
      const primary = await resolve(endpoint);
      this.#reading = new Reading();
      return primary && { ...primary, onread: this.#reading };
    }) satisfies Resolve;
  }

  override async connect(tell: Tell): Promise<Socket> {
    const socket = outliveErrors(await super.connect(tell));
    this.#reading.socket = socket;
    return socket;
  }
}

type TcpOptions = { readonly host?: string; readonly port?: number };
type Resolve = (endpoint: Partial<SentinelAddress>) => Promise<TcpOptions | null>;
type OpenSentinel = (endpoint: Partial<SentinelAddress>, overrides?: RedisOptions) => Redis;

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

function outliveErrors(socket: Socket): Socket {
  return socket.on('error', ignore);
}

function ignore(): void {}
