import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findFreePort } from '../../src/dev/free-port.ts';
import { accepts } from './accepts.ts';
import type { Lab } from './lab.ts';
import { startPinned } from './pinned-process.ts';
import { withoutSettings } from './signum.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface EdgeOfLab {
  readonly pid: number;
  /** Over TLS. */
  readonly publicPort: number;
  readonly grpcPort: number;
  /** Unix sockets, if it was started at such. */
  readonly edgeSocket?: string;
  readonly edgeGrpcSocket?: string;
}

/**
 * `signum edge` on the server's CPU: over TLS, as whatever it is held against, knowing gateways by the key
 * that they show to the server; or at Unix sockets, as the examples have it. It follows the shared server.
 */
export async function startEdge(lab: Lab, at: 'tls' | 'unix'): Promise<EdgeOfLab> {
  const { origin } = await lab.signum();
  const { credentials } = lab;
  if (at === 'unix') chmodSync(lab.dir, 0o755);
  const [publicPort, grpcPort] = [await findFreePort(), await findFreePort()];
  const opsPort = await findFreePort();
  const sockets = {
    edgeSocket: join(lab.dir, `edge-${opsPort}.sock`),
    edgeGrpcSocket: join(lab.dir, `edge-${opsPort}-grpc.sock`),
  };
  const listeners =
    at === 'unix'
      ? {
          SIGNUM_EDGE_LISTEN: `unix:${sockets.edgeSocket}`,
          SIGNUM_EDGE_GRPC_LISTEN: `unix:${sockets.edgeGrpcSocket}`,
          // The workers of a gateway are of another user.
          SIGNUM_EDGE_SOCKET_MODE: '0666',
        }
      : {
          SIGNUM_EDGE_LISTEN: `127.0.0.1:${publicPort}`,
          SIGNUM_EDGE_GRPC_LISTEN: `127.0.0.1:${grpcPort}`,
          SIGNUM_EDGE_GATEWAY_KEY: credentials.apiKey,
          SIGNUM_TLS_CERT_FILE: credentials.certFile,
          SIGNUM_TLS_KEY_FILE: credentials.keyFile,
        };
  const started = await startPinned({
    cpus: lab.cpus.server,
    argv: [process.execPath, MAIN, 'edge'],
    env: {
      ...withoutSettings(),
      ...listeners,
      // The certificate names no address.
      SIGNUM_EDGE_SERVERS: origin.replace('127.0.0.1', 'localhost'),
      SIGNUM_CA_FILE: credentials.caFile,
      SIGNUM_API_KEY: credentials.apiKey,
      SIGNUM_EDGE_OPS_LISTEN: `127.0.0.1:${opsPort}`,
      SIGNUM_LOG_LEVEL: 'warn',
    },
    // It listens when all else is ready.
    ready: () => accepts(opsPort),
  });
  lab.onClose(() => started.stop());
  return { pid: started.pid, publicPort, grpcPort, ...(at === 'unix' && sockets) };
}
