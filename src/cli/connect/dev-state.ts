import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Cli } from '../cli.ts';

/** What `signum dev` leaves in the state folder for the commands of a second terminal. */
export interface DevState {
  readonly dir: string;
  readonly caFile: string;
  readonly adminKeyFile: string;
  readonly server: DevServer | undefined;
}

/** The server that `signum dev` runs; written when it is up, removed when it has stopped. */
export interface DevServer {
  /** Base URL of the HTTPS listener. */
  readonly address: string;
  /** What its tokens say: who issues them, and the audience that they are for unless Issue names others. */
  readonly issuer?: string;
  readonly audience?: string;
  /** `host:port` of the gRPC listener. */
  readonly grpcAddress?: string;
  /** Base URL of the operations listener. */
  readonly operationsAddress?: string;
  /** Holds the password: the file can be read by its owner only. */
  readonly redisUrl: string;
}

export const DEV_SERVER_FILE = 'server.json';

/** Where it is: SIGNUM_DEV_DIR, which is for a second server beside the first; else `.signum` here. */
export function devStateDir(env: Cli['env']): string {
  return env['SIGNUM_DEV_DIR'] || fileURLToPath(new URL('../../../.signum', import.meta.url));
}

/** The development state, or undefined where nothing has been set up. Reads only. */
export function findDevState(dir: string): DevState | undefined {
  const caFile = join(dir, 'ca.crt');
  const adminKeyFile = join(dir, 'admin-key');
  if (!existsSync(caFile) || !existsSync(adminKeyFile)) return undefined;
  return { dir, caFile, adminKeyFile, server: readServer(join(dir, DEV_SERVER_FILE)) };
}

function readServer(path: string): DevServer | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as DevServer;
  } catch {
    return undefined;
  }
}
