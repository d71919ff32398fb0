import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { findFreePort } from '../../src/dev/free-port.ts';
import { nodeServer } from './redis-server.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

export interface RedisNodeOptions {
  /** Created when absent; what is in it is loaded. */
  readonly dir: string;
  readonly port?: number;
  /** Arguments of redis-server, or a configuration file and arguments. */
  readonly args: readonly string[];
  /** Puts a proxy in front and has everybody use it: clients, replicas and Sentinels. */
  readonly proxied?: 'cluster' | 'replication' | undefined;
  /** Has everybody use TLS, on a port of its own; the other port stays for the tests to ask at. */
  readonly tls?: RedisTls | undefined;
}

/**
 * PEM files of the server's certificate, of the authority that it checks others against, and of what
 * it is itself known by to other servers: the bus of a Cluster asks for that.
 */
export interface RedisTls {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly client: { readonly certFile: string; readonly keyFile: string };
  /** Has the server ask everybody for a certificate; default: it does not. */
  readonly asksClients?: boolean;
}

/**
 * One redis-server process that tests may kill, stop, continue and start again on its data. Unlike a
 * managed Redis it has no password and may be started as often as it dies.
 */
export class RedisNode {
  readonly port: number;
  /** Where others find it: the port of the proxy, or that for TLS, if there is one. */
  readonly publicPort: number;
  readonly proxy: TcpProxy | undefined;
  /** Of a Cluster's nodes among themselves: that of a proxied node is not proxied. */
  readonly busPort: number;
  readonly dir: string;
  /** When the process was killed, and when its log lost its tail then, by the time of day. */
  readonly killedAtMs: number[] = [];
  readonly tornAtMs: number[] = [];
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;

  private constructor(
    options: RedisNodeOptions,
    port: number,
    proxy: TcpProxy | undefined,
    tlsPort: number | undefined,
  ) {
    this.port = port;
    this.proxy = proxy;
    this.publicPort = proxy?.port ?? tlsPort ?? port;
    this.busPort = 10_000 + (tlsPort ?? port);
    this.dir = options.dir;
    this.#args = [
      ...options.args,
      ...announce(options.proxied, port, this.publicPort),
      ...(options.tls ? tlsArgs(options.tls, this.publicPort) : []),
    ];
  }

  static async start(options: RedisNodeOptions): Promise<RedisNode> {
    mkdirSync(options.dir, { recursive: true });
    const port = options.port ?? (await findFreePort());
    const proxy = options.proxied && (await startTcpProxy(port));
    const tlsPort = options.tls && (await findFreePort());
    const node = new RedisNode(options, port, proxy, tlsPort);
    node.start();
    return node;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get isAlive(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }

  start(): void {
    const server = nodeServer();
    if (!server) throw new Error('no redis-server on PATH');
    const [first = '', ...rest] = this.#args;
    const isFile = first.startsWith('/');
    const args = [
      ...(isFile ? [first] : []),
      ...['--port', `${this.port}`, '--bind', '127.0.0.1', '--dir', this.dir],
      ...['--protected-mode', 'no', '--daemonize', 'no', '--save', ''],
      ...(isFile ? rest : this.#args),
    ];
    this.#child = spawn(server, args, { stdio: 'ignore' });
  }

  signal(name: 'SIGSTOP' | 'SIGCONT' | 'SIGTERM' | 'SIGKILL'): void {
    if (this.isAlive) this.#child?.kill(name);
  }

  /** Kills the process at once and waits until it is gone; its data stays. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || !this.isAlive) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    this.killedAtMs.push(Date.now());
  }

  async destroy(): Promise<void> {
    await this.kill();
    await this.proxy?.stop();
    // A process of Redis' own that saves or rewrites may still be going.
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

/** What every data node of a topology is started with. */
export const DATA_ARGS = [
  ...['--appendonly', 'yes', '--maxmemory-policy', 'noeviction'],
  ...['--hash-max-listpack-value', '1024'],
  ...['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1'],
];

function announce(as: RedisNodeOptions['proxied'], port: number, publicPort: number): string[] {
  if (!as) return [];
  if (as === 'replication') return ['--replica-announce-port', `${publicPort}`];
  const busPort = `${port + 10_000}`;
  return ['--cluster-announce-port', `${publicPort}`, '--cluster-announce-bus-port', busPort];
}

function tlsArgs(tls: RedisTls, port: number): string[] {
  const { caFile, certFile, keyFile, client, asksClients = false } = tls;
  return [
    ...['--tls-port', `${port}`, '--tls-auth-clients', asksClients ? 'yes' : 'no'],
    ...['--tls-replication', 'yes'],
    ...['--tls-cert-file', certFile, '--tls-key-file', keyFile, '--tls-ca-cert-file', caFile],
    ...['--tls-client-cert-file', client.certFile, '--tls-client-key-file', client.keyFile],
  ];
}
