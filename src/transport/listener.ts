import type { TrustedProxies } from './proxy/trusted-proxies.ts';

/** A port that is open. */
export interface Listener {
  readonly address: Address;
  /**
   * Stops accepting, tells every client to go elsewhere, and resolves when the calls under way are
   * answered and all connections are gone. May take as long as a client likes: bound it, then close.
   */
  drain(): Promise<void>;
  /** Closes at once, whatever is under way. Idempotent. */
  close(): Promise<void>;
}

/** Where a listener is: a host and a port, or the path of a Unix socket. */
export interface Address {
  readonly host: string;
  readonly port: number;
  /** Host and port mean nothing then. */
  readonly path?: string | undefined;
}

export interface ListenOptions {
  /** Interface to listen on, such as `0.0.0.0` or `::`. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** A Unix socket, in the place of host and port. */
  readonly socket?: UnixSocket | undefined;
}

export interface UnixSocket {
  readonly path: string;
  /** Who may connect, as file permissions: 0o660 for the owner and the group. */
  readonly mode: number;
}

/** For listeners that clients reach by way of proxies. */
export interface ProxyOptions {
  /** Those that are believed when they say whom they stand for; default: nobody. */
  readonly proxies?: TrustedProxies;
}

/** The part of a logger that listeners need; pino has it. */
export interface TransportLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
}
