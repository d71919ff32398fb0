import { fileURLToPath } from 'node:url';
import { findFreePort } from '../../src/dev/free-port.ts';
import type { Lab } from '../lab/lab.ts';
import { type PinnedProcess, saysReady, startPinned } from '../lab/pinned-process.ts';

/** What every ceiling and peer written for Node is started with, as JSON. */
export interface HelperPlan {
  readonly port: number;
  /** Absent: without TLS. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  /** File of the bytes to answer with. */
  readonly answerFile?: string;
  readonly [other: string]: unknown;
}

export interface HelperServer extends PinnedProcess {
  readonly origin: string;
}

/** Starts one of the servers of this folder on the server's CPU. */
export async function startHelper(
  lab: Lab,
  script: string,
  plan: Readonly<Record<string, unknown>> = {},
): Promise<HelperServer> {
  const port = await findFreePort();
  const { certFile, keyFile } = lab.credentials;
  const full: HelperPlan = {
    ...plan,
    port,
    ...(lab.options.tls && { tls: { certFile, keyFile } }),
  };
  const server = await startPinned({
    cpus: lab.cpus.server,
    argv: [process.execPath, fileURLToPath(new URL(script, import.meta.url)), JSON.stringify(full)],
    ready: saysReady,
  });
  lab.onClose(() => server.stop());
  return { ...server, origin: `${lab.options.tls ? 'https' : 'http'}://127.0.0.1:${port}` };
}
