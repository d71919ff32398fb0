import { fileURLToPath } from 'node:url';
import { findFreePort } from '../../src/dev/free-port.ts';
import { accepts } from './accepts.ts';
import type { Lab } from './lab.ts';
import { startPinned } from './pinned-process.ts';
import { withoutSettings } from './signum.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface EdgeOfLab {
  readonly pid: number;
  readonly publicPort: number;
  readonly grpcPort: number;
}

/**
 * `signum edge` on the server's CPU, over TLS as whatever it is held against. It follows the shared server,
 * and knows gateways by the key that they show to that.
 */
export async function startEdge(lab: Lab): Promise<EdgeOfLab> {
  const { origin } = await lab.signum();
  const { credentials } = lab;
  const [publicPort, grpcPort, opsPort] = [
    await findFreePort(),
    await findFreePort(),
    await findFreePort(),
  ];
  const started = await startPinned({
    cpus: lab.cpus.server,
    argv: [process.execPath, MAIN, 'edge'],
    env: {
      ...withoutSettings(),
      // The certificate names no address.
      SIGNUM_EDGE_SERVERS: origin.replace('127.0.0.1', 'localhost'),
      SIGNUM_CA_FILE: credentials.caFile,
      SIGNUM_API_KEY: credentials.apiKey,
      SIGNUM_EDGE_LISTEN: `127.0.0.1:${publicPort}`,
      SIGNUM_EDGE_GRPC_LISTEN: `127.0.0.1:${grpcPort}`,
      SIGNUM_EDGE_OPS_LISTEN: `127.0.0.1:${opsPort}`,
      SIGNUM_EDGE_GATEWAY_KEY: credentials.apiKey,
      SIGNUM_TLS_CERT_FILE: credentials.certFile,
      SIGNUM_TLS_KEY_FILE: credentials.keyFile,
      SIGNUM_LOG_LEVEL: 'warn',
    },
    ready: async () => (await accepts(publicPort)) && (await accepts(grpcPort)),
  });
  lab.onClose(() => started.stop());
  return { pid: started.pid, publicPort, grpcPort };
}
