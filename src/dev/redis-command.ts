import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { findExecutable } from './find-executable.ts';
import { installSystemPackages } from './system-packages.ts';

/** How to run a Redis server whose configuration file is `redis.conf` in a data folder. */
export interface RedisCommand {
  readonly kind: 'binary' | 'docker';
  /** The command line, without arguments that follow the configuration file. */
  argv(dir: string, port: number): readonly string[];
  /** The data folder as the server sees it. */
  dataDir(dir: string): string;
}

const IMAGE = 'redis:8';
const REDIS_PACKAGES = {
  'apt-get': ['redis-server'],
  dnf: ['redis'],
  apk: ['redis'],
  brew: ['redis'],
};

/** Finds redis-server or valkey-server, else Docker, else installs Redis with the system. */
export function findRedisCommand(log: (line: string) => void = console.log): RedisCommand {
  const found = localServer() ?? dockerServer();
  if (found) return found;
  log('Installing redis-server with the system package manager ...');
  const failure = installSystemPackages(REDIS_PACKAGES);
  const installed = localServer();
  if (installed) return installed;
  throw new Error(
    `No Redis found: ${failure ?? 'the package holds no redis-server'}. ` +
      'Install redis-server or valkey-server, start Docker, or set REDIS_URL.',
  );
}

function localServer(): RedisCommand | undefined {
  const server = findExecutable('redis-server', 'valkey-server');
  return server === undefined ? undefined : redisBinary(server);
}

/** Runs a redis-server or valkey-server of this machine's. */
export function redisBinary(server: string): RedisCommand {
  // On Linux the kernel ends the server when this process dies, however it dies.
  const setpriv = process.platform === 'linux' ? findExecutable('setpriv') : undefined;
  const prefix = setpriv ? [setpriv, '--pdeathsig', 'TERM'] : [];
  return {
    kind: 'binary',
    argv: (dir) => [...prefix, server, `${dir}/redis.conf`],
    dataDir: (dir) => dir,
  };
}

function dockerServer(): RedisCommand | undefined {
  const docker = findExecutable('docker');
  if (!docker) return undefined;
  const ready = spawnSync(docker, ['info'], { stdio: 'ignore', timeout: 10_000 }).status === 0;
  if (!ready) return undefined;
  return {
    kind: 'docker',
    argv: (dir, port) => [
      ...[docker, 'run', '--rm', '--init', '--name', containerName(dir)],
      ...['--user', `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`],
      ...['--publish', `127.0.0.1:${port}:${port}`, '--volume', `${dir}:/data`],
      ...[IMAGE, 'redis-server', '/data/redis.conf'],
    ],
    dataDir: () => '/data',
  };
}

function containerName(dir: string): string {
  return `signum-redis-${createHash('sha256').update(dir).digest('hex').slice(0, 12)}`;
}
