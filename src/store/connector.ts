import type { Socket } from 'node:net';
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
    return outliveErrors(await super.connect(tell));
  }
}

/** The same for the primary that Sentinels name, and for the connections to the Sentinels. */
export class SentinelPrimaryConnector extends SentinelConnector {
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
  }

  override async connect(tell: Tell): Promise<Socket> {
    return outliveErrors(await super.connect(tell));
  }
}

type OpenSentinel = (endpoint: Partial<SentinelAddress>, overrides?: RedisOptions) => Redis;

function outliveErrors(socket: Socket): Socket {
  return socket.on('error', ignore);
}

function ignore(): void {}
