import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findFreePort } from '../../src/dev/free-port.ts';
import { accepts } from './accepts.ts';
import type { Credentials } from './credentials.ts';
import { type PinnedProcess, startPinned } from './pinned-process.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface SignumOptions {
  readonly cpus: string;
  readonly redisUrl: string;
  readonly credentials: Credentials;
  readonly tls: boolean;
  readonly workers?: number;
  /** Folder for the CPU profile that the process writes when it ends. */
  readonly profileDir?: string | undefined;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Signum {
  readonly pid: number;
  /** Of the public listener, such as `https://127.0.0.1:8443`. */
  readonly origin: string;
  /** Of the gRPC listener. */
  readonly grpcOrigin: string;
  output(): string;
  stop(): Promise<void>;
}

export function canServe(): boolean {
  return existsSync(join(ROOT, 'src/server/server.ts'));
}

/** The server, as a process of its own, exactly as it is deployed: `signum serve`. */
export async function startSignum(options: SignumOptions): Promise<Signum> {
  const { credentials, tls, profileDir } = options;
  const ports = [await findFreePort(), await findFreePort(), await findFreePort()] as const;
  const [publicPort, grpcPort, opsPort] = ports;
  if (profileDir) mkdirSync(profileDir, { recursive: true });
  const profile = profileDir ? ['--cpu-prof', `--cpu-prof-dir=${profileDir}`] : [];
  const started: PinnedProcess = await startPinned({
    cpus: options.cpus,
    argv: [process.execPath, ...profile, join(ROOT, 'src/main.ts'), 'serve'],
    env: {
      ...withoutSettings(),
      SIGNUM_ISSUER: credentials.issuer,
      SIGNUM_AUDIENCE: credentials.audience,
      SIGNUM_REDIS_URL: options.redisUrl,
      SIGNUM_REDIS_COMMAND_TIMEOUT: '2s',
      SIGNUM_SECRET: credentials.rootSecret,
      SIGNUM_ADMIN_KEY: credentials.apiKey,
      SIGNUM_PUBLIC_LISTEN: `127.0.0.1:${publicPort}`,
      SIGNUM_GRPC_LISTEN: `127.0.0.1:${grpcPort}`,
      SIGNUM_OPS_LISTEN: `127.0.0.1:${opsPort}`,
      SIGNUM_WORKERS: String(options.workers ?? 1),
      SIGNUM_LOG_LEVEL: 'warn',
      ...(tls
        ? {
            SIGNUM_TLS_CERT_FILE: credentials.certFile,
            SIGNUM_TLS_KEY_FILE: credentials.keyFile,
          }
        : { SIGNUM_INSECURE_PLAINTEXT: 'true' }),
      ...options.env,
    },
    ready: async () => (await accepts(publicPort)) && (await accepts(grpcPort)),
  });
  const scheme = tls ? 'https' : 'http';
  return {
    ...started,
    origin: `${scheme}://127.0.0.1:${publicPort}`,
    grpcOrigin: `${scheme}://127.0.0.1:${grpcPort}`,
  };
}

/** The profile that a stopped server has left, the main process' when there are several. */
export function profileIn(dir: string): string | undefined {
  const files = readdirSync(dir).filter((name) => name.endsWith('.cpuprofile'));
  return files.length > 0 ? join(dir, files.sort()[0] as string) : undefined;
}

/** What this shell has set for another server must not reach this one. */
export function withoutSettings(): Record<string, undefined> {
  const names = Object.keys(process.env).filter((name) => /^(SIGNUM_|REDIS_URL)/.test(name));
  return Object.fromEntries(names.map((name) => [name, undefined]));
}
