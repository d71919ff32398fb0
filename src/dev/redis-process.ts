import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { findFreePort } from './free-port.ts';
import { findRedisCommand, type RedisCommand } from './redis-command.ts';
import { type RedisTls, redisConfig } from './redis-config.ts';
import { stopLeftover } from './redis-leftover.ts';
import { waitUntilReady } from './redis-ready.ts';
import { writePrivateFile } from './state-dir.ts';

export interface RedisOptions {
  /** Folder of the append-only file and the configuration; created when absent. */
  readonly dir: string;
  /** TCP port on 127.0.0.1; default: a free one between 20000 and 29999. */
  readonly port?: number;
  /** Password of the default user; without it, anyone on this machine may connect. */
  readonly password?: string;
  /** Serve TLS instead of plain TCP; the certificate must be valid for 127.0.0.1. */
  readonly tls?: RedisTls;
  /** Further arguments, such as `--cluster-enabled yes`; they win over the defaults. */
  readonly extraArgs?: readonly string[];
  readonly command?: RedisCommand;
}

export interface RedisProcess {
  /** Connection URL, with the password. */
  readonly url: string;
  readonly port: number;
  readonly process: ChildProcess;
  /** SIGTERM, then waits until the server has saved and exited. */
  stop(): Promise<void>;
}

const READY_TIMEOUT_MS = 60_000;

/** Starts a Redis with append-only persistence; resolves when it answers PING. */
export async function startRedis(options: RedisOptions): Promise<RedisProcess> {
  const dir = resolve(options.dir);
  const command = options.command ?? findRedisCommand();
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  await stopLeftover(dir);
  const port = options.port ?? (await findFreePort());
  const config = redisConfig({ ...options, dir: command.dataDir(dir), port, kind: command.kind });
  writePrivateFile(dir, 'redis.conf', config);
  writePrivateFile(dir, 'owner.pid', `${process.pid}\n`);

  const [file = '', ...args] = [...command.argv(dir, port), ...(options.extraArgs ?? [])];
  // A process group of its own: Ctrl-C must not end Redis before the server has drained.
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const exited = new Promise<void>((done) => {
    child.once('exit', () => done());
    child.once('error', () => done());
  });
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await exited;
    rmSync(`${dir}/owner.pid`, { force: true });
  };

  const url = redisUrl(port, options);
  try {
    await waitUntilReady(child, {
      url,
      tls: options.tls,
      timeoutMs: READY_TIMEOUT_MS,
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, port, process: child, stop };
}

function redisUrl(port: number, { password, tls }: RedisOptions): string {
  const credentials = password ? `:${encodeURIComponent(password)}@` : '';
  return `${tls ? 'rediss' : 'redis'}://${credentials}127.0.0.1:${port}`;
}
