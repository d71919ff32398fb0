import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startTcpProxy, type TcpProxy } from '../../../setup/tcp-proxy.ts';
import { until } from '../../../setup/until.ts';
import { type Deployment, mutationOf, type SignumProcess } from '../signum-process.ts';
import type { EdgeSetup } from './messages.ts';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

/** A process beside the servers that reaches each of them over a proxy of its own. */
export class PeerProcess<To extends object, From> {
  readonly links: readonly TcpProxy[];
  readonly #program: string;
  readonly #deployment: Deployment;
  readonly #env: Readonly<Record<string, string>>;
  readonly #hear: (message: From) => void;
  #child: ChildProcess | undefined;
  #errors = '';
  #isWanted = false;

  private constructor(options: PeerOptions<From>, links: readonly TcpProxy[]) {
    this.links = links;
    this.#program = options.program;
    this.#deployment = options.deployment;
    this.#env = options.env ?? {};
    this.#hear = options.hear;
  }

  static async start<To extends object, From>(
    options: PeerOptions<From>,
  ): Promise<PeerProcess<To, From>> {
    const links = await Promise.all(options.servers.map(({ port }) => startTcpProxy(port)));
    const peer = new PeerProcess<To, From>(options, links);
    peer.start();
    return peer;
  }

  start(): void {
    const { adminKey: apiKey, ca, mutant } = this.#deployment;
    const addresses = this.links.map(({ port }) => `https://127.0.0.1:${port}`);
    const setup: EdgeSetup = { addresses, apiKey, ca };
    const { args, env } = mutationOf(mutant);
    this.#isWanted = true;
    const child = spawn(process.execPath, [...args, this.#program], {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { PATH: process.env['PATH'], ...this.#env, ...env, EDGE: JSON.stringify(setup) },
    });
    this.#child = child;
    child.stderr?.on('data', (piece: Buffer) => {
      this.#errors = `${this.#errors}${piece}`.slice(-4096);
    });
    child.on('message', (message) => {
      if (this.#child === child) this.#hear(message as From);
    });
    // A message to one that has just been killed is of no use to anybody.
    child.on('error', () => undefined);
  }

  tell(message: To): void {
    if (this.#child?.connected) this.#child.send(message, () => undefined);
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(name);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#isWanted = false;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** What it said when it ended of its own accord, which it never may. */
  get failure(): string | undefined {
    const { exitCode, signalCode } = this.#child ?? {};
    if (!this.#isWanted || (exitCode === null && signalCode === null)) return undefined;
    return `exited with ${exitCode ?? signalCode}: ${this.#errors}`;
  }

  async destroy(): Promise<void> {
    await this.kill();
    await Promise.all(this.links.map((link) => link.stop()));
  }
}

export interface PeerOptions<From> {
  /** The program, from the top of the tree. */
  readonly program: string;
  readonly deployment: Deployment;
  readonly servers: readonly SignumProcess[];
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Takes what it tells. */
  readonly hear: (message: From) => void;
}

/** Resolves when a condition of a peer holds; false if it does not in time. */
export async function within(what: string, holds: () => boolean, ms: number): Promise<boolean> {
  return until(what, holds, ms).then(
    () => true,
    () => false,
  );
}
