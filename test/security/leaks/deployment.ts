import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { vi } from 'vitest';
import { developmentCertificates } from '../../../src/dev/certificates.ts';
import { type RedisProcess, startRedis } from '../../../src/dev/redis-process.ts';
import { newSecret } from '../../setup/signing-fixture.ts';
import type { Env } from './served.ts';

/** A deployment of its own: a Redis with a password, certificates, secrets, all in one folder. */
export interface Deployment {
  readonly dir: string;
  readonly dataDir: string;
  readonly redis: RedisProcess;
  readonly caFile: string;
  readonly keyFile: string;
  readonly secrets: {
    readonly root: string;
    readonly adminKey: string;
    readonly redisPassword: string;
  };
  /** For `signum serve`. */
  readonly env: Env;
  close(): Promise<void>;
}

/** Starts a Redis on an empty folder, or on a copy of the data of another one. */
export async function openDeployment(other: Env = {}, dataToCopy?: string): Promise<Deployment> {
  const dir = mkdtempSync(join(tmpdir(), 'signum-test-leaks-'));
  const dataDir = join(dir, 'redis');
  if (dataToCopy !== undefined) copyData(dataToCopy, dataDir);
  const certificates = await developmentCertificates(dir);
  const secrets = {
    root: newSecret(),
    adminKey: `sgn_admin_${randomBytes(32).toString('base64url')}`,
    redisPassword: randomBytes(24).toString('base64url'),
  };
  // Compressed strings would hide what is looked for.
  const redis = await startRedis({
    dir: dataDir,
    password: secrets.redisPassword,
    extraArgs: ['--rdbcompression', 'no'],
  });
  const env = {
    PATH: process.env['PATH'] ?? '',
    SIGNUM_ISSUER: 'https://signum.test',
    SIGNUM_AUDIENCE: 'test-api',
    SIGNUM_PUBLIC_LISTEN: '127.0.0.1:0',
    SIGNUM_GRPC_LISTEN: '127.0.0.1:0',
    SIGNUM_OPS_LISTEN: '127.0.0.1:0',
    SIGNUM_TLS_CERT_FILE: certificates.certFile,
    SIGNUM_TLS_KEY_FILE: certificates.keyFile,
    SIGNUM_SECRET: secrets.root,
    SIGNUM_ADMIN_KEY: secrets.adminKey,
    SIGNUM_REDIS_URL: redis.url,
    SIGNUM_REDIS_COMMAND_TIMEOUT: '2s',
    SIGNUM_DEADLINE_DEFAULT: '1s',
    SIGNUM_DEADLINE_MAX: '1s',
    SIGNUM_PARTITIONS: '4',
    SIGNUM_CALLER_REFRESH: '100ms',
    SIGNUM_RATE_USER: '0',
    SIGNUM_REFRESH_GRACE: '0',
    SIGNUM_LOG_LEVEL: 'debug',
    SIGNUM_AUDIT: 'stdout',
    ...other,
  };
  return {
    dir,
    dataDir,
    redis,
    caFile: certificates.caFile,
    keyFile: certificates.keyFile,
    secrets,
    env,
    async close() {
      await redis.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Makes Redis write all that it holds, and reads every file of its folder but its configuration. */
export async function filesOf({ dataDir, redis }: Deployment): Promise<Map<string, Buffer>> {
  const client = new Redis(redis.url);
  const savedAt = await client.lastsave();
  await vi.waitFor(async () => void (await client.bgsave()), { timeout: 10_000 });
  await vi.waitFor(
    async () => {
      const info = await client.info('persistence');
      if (!info.includes('rdb_bgsave_in_progress:0')) throw new Error('still saving');
      if (!info.includes('aof_pending_bio_fsync:0')) throw new Error('still syncing');
      if ((await client.lastsave()) < savedAt) throw new Error('not saved');
    },
    { timeout: 10_000 },
  );
  client.disconnect();
  const files = readdirSync(dataDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(rdb|aof|manifest)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  return new Map(files.map((file) => [file, readFileSync(file)]));
}

export function privateFile(dir: string, name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, `${text}\n`, { mode: 0o600 });
  return path;
}

/** What a backup holds, or a thief has taken: data without configuration. */
function copyData(from: string, to: string): void {
  cpSync(from, to, { recursive: true, filter: (path) => !/redis\.conf$|owner\.pid$/.test(path) });
}
