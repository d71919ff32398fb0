import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { Agent } from 'node:https';
import { fileURLToPath } from 'node:url';
import { developmentCertificates } from '../../../src/dev/certificates.ts';
import { findFreePort } from '../../../src/dev/free-port.ts';
import { until } from '../../setup/until.ts';
import { PARTITIONS } from './held-token.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const MUTATE = new URL('./mutate.ts', import.meta.url).href;

/** How long an edge may answer by itself, in milliseconds. */
export const LEASE_MS = 1_000;

/** What the servers of one deployment share. */
export interface Deployment {
  readonly env: Readonly<Record<string, string>>;
  readonly ca: string;
  readonly adminKey: string;
  /** What is changed on purpose, by names of mutants.ts with commas between them. */
  readonly mutant: string | undefined;
}

export async function newDeployment(
  dir: string,
  redisUrl: string,
  mutant: string | undefined,
): Promise<Deployment> {
  const { certFile, keyFile, caFile } = await developmentCertificates(dir);
  const adminKey = `sgn_admin_${randomBytes(32).toString('base64url')}`;
  const env = {
    SIGNUM_ISSUER: 'https://signum.test',
    SIGNUM_AUDIENCE: 'test-api',
    SIGNUM_GRPC_LISTEN: '127.0.0.1:0',
    SIGNUM_TLS_CERT_FILE: certFile,
    SIGNUM_TLS_KEY_FILE: keyFile,
    SIGNUM_SECRET: randomBytes(32).toString('base64url'),
    SIGNUM_ADMIN_KEY: adminKey,
    SIGNUM_REDIS_URL: redisUrl,
    SIGNUM_PARTITIONS: String(PARTITIONS),
    SIGNUM_EDGE_LEASE: `${LEASE_MS}ms`,
    SIGNUM_RATE_USER: '0',
    SIGNUM_LOG_LEVEL: 'error',
    SIGNUM_AUDIT: 'off',
  };
  return { env, ca: readFileSync(caFile, 'utf8'), adminKey, mutant };
}

/** How a program is started whose sources are changed as it reads them; see mutate.ts. */
export function mutationOf(names: string | undefined): {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
} {
  return names ? { args: ['--import', MUTATE], env: { MUTANT: names } } : { args: [], env: {} };
}

/** One Signum server in a process of its own, on ports that stay its own when it is killed. */
export class SignumProcess {
  readonly port: number;
  readonly opsPort: number;
  readonly agent: Agent;
  readonly adminKey: string;
  readonly #deployment: Deployment;
  #child: ChildProcess | undefined;
  /** What it wrote to standard error, for the report of what went wrong. */
  errors = '';

  private constructor(deployment: Deployment, port: number, opsPort: number) {
    this.port = port;
    this.opsPort = opsPort;
    this.#deployment = deployment;
    this.adminKey = deployment.adminKey;
    this.agent = new Agent({ keepAlive: true, maxSockets: 128, ca: deployment.ca });
  }

  /** `env` is for this server alone. */
  static async start(
    deployment: Deployment,
    env: Readonly<Record<string, string>> = {},
  ): Promise<SignumProcess> {
    const own = { ...deployment, env: { ...deployment.env, ...env } };
    const server = new SignumProcess(own, await findFreePort(), await findFreePort());
    await server.start();
    return server;
  }

  async start(): Promise<void> {
    const { env, mutant } = this.#deployment;
    const mutation = mutationOf(mutant);
    const child = spawn(process.execPath, [...mutation.args, 'src/main.ts', 'serve'], {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        ...env,
        SIGNUM_PUBLIC_LISTEN: `127.0.0.1:${this.port}`,
        SIGNUM_OPS_LISTEN: `127.0.0.1:${this.opsPort}`,
        ...mutation.env,
      },
    });
    this.#child = child;
    child.stderr?.on('data', (piece: Buffer) => {
      this.errors = `${this.errors}${piece}`.slice(-8192);
    });
    await until('the server is alive', async () => {
      if (child.exitCode !== null) throw new Error(`it has exited: ${this.errors}`);
      return (await this.ping(500)) !== undefined;
    });
  }

  /** How long the server took to say that it is alive; undefined if it did not. */
  ping(timeoutMs: number): Promise<number | undefined> {
    const startMs = performance.now();
    return new Promise((resolve) => {
      const outgoing = get({
        host: '127.0.0.1',
        port: this.opsPort,
        path: '/livez',
        timeout: timeoutMs,
      });
      outgoing.on('timeout', () => outgoing.destroy()).on('error', () => resolve(undefined));
      outgoing.on('response', (incoming) => {
        incoming.resume().on('end', () => resolve(performance.now() - startMs));
        incoming.on('error', () => resolve(undefined));
      });
    });
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(name);
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Asks it to drain; resolves when it has exited. Rejects unless it says that all went well. */
  async terminate(): Promise<void> {
    await this.#end('SIGTERM');
    const { exitCode, signalCode } = this.#child ?? {};
    if (exitCode !== 0) throw new Error(`exited with ${exitCode ?? signalCode}: ${this.errors}`);
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }
}
