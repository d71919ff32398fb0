import { join } from 'node:path';
import { developmentCertificates } from './certificates.ts';
import { startRedis } from './redis-process.ts';
import { adminKey, redisPassword, rootSecret } from './secrets.ts';
import { openStateDir } from './state-dir.ts';

export interface DevOptions {
  /** Default: `.signum` at the root of the checkout. */
  readonly stateDir?: string;
  /** An existing Redis to use; default: the environment's REDIS_URL, else a managed one. */
  readonly redisUrl?: string;
}

export interface DevEnvironment {
  /** What the server is configured with, by the names of its environment variables. */
  readonly env: Readonly<Record<string, string>>;
  readonly stateDir: string;
  /** Whether Redis is a child of this process. */
  readonly managedRedis: boolean;
  /** Ends the managed Redis, once the server has drained. */
  stop(): Promise<void>;
}

/** Prepares everything a development server needs. Safe to run again: what exists is kept. */
export async function dev(options: DevOptions = {}): Promise<DevEnvironment> {
  const stateDir = openStateDir(options.stateDir);
  const certificates = await developmentCertificates(stateDir);
  const existingUrl = options.redisUrl ?? process.env['REDIS_URL'];
  const redis = existingUrl ? undefined : await startManagedRedis(stateDir);
  return {
    env: {
      REDIS_URL: existingUrl ?? redis?.url ?? '',
      SIGNUM_TLS_CERT_FILE: certificates.certFile,
      SIGNUM_TLS_KEY_FILE: certificates.keyFile,
      SIGNUM_DEV_CA_FILE: certificates.caFile,
      SIGNUM_SECRET_FILE: rootSecret(stateDir).path,
      SIGNUM_ADMIN_KEY_FILE: adminKey(stateDir).path,
    },
    stateDir,
    managedRedis: redis !== undefined,
    stop: async () => redis?.stop(),
  };
}

function startManagedRedis(stateDir: string) {
  const password = redisPassword(stateDir).value;
  return startRedis({ dir: join(stateDir, 'redis'), password });
}
