import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import { writePrivateFile } from '../../dev/state-dir.ts';
import type { Server } from '../../server/server.ts';
import { DEV_SERVER_FILE, type DevServer } from './dev-state.ts';

/** Tells the commands of other terminals where the server is. It holds the Redis password. */
export function writeDevServer(stateDir: string, server: DevServer): void {
  writePrivateFile(stateDir, DEV_SERVER_FILE, `${JSON.stringify(server, null, 2)}\n`);
}

export function removeDevServer(stateDir: string): void {
  rmSync(join(stateDir, DEV_SERVER_FILE), { force: true });
}

/** How the server is reached from this machine. */
export function devServer({ tls, redis, tokens }: Config, { addresses }: Server): DevServer {
  const [audience = ''] = tokens.audiences;
  return {
    address: `${tls.insecurePlaintext ? 'http' : 'https'}://localhost:${addresses.public.port}`,
    issuer: tokens.issuer,
    audience,
    grpcAddress: `localhost:${addresses.grpc.port}`,
    operationsAddress: `http://127.0.0.1:${addresses.operations.port}`,
    redisUrl: redis.url.reveal(),
  };
}
