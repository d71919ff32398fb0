import { fileURLToPath } from 'node:url';
import { findFreePort } from '../../src/dev/free-port.ts';
import type { Lab } from '../lab/lab.ts';
import { type PinnedProcess, saysReady, startPinned } from '../lab/pinned-process.ts';

/** What every ceiling and peer written for Node is started with, as JSON. */
export interface HelperPlan {
  readonly port: number;
  /** Unix socket to listen at instead of the port, which some of them can. */
  readonly socket?: string;
  /** Absent: without TLS. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  /** File of the bytes to answer with. */
  readonly answerFile?: string;
  readonly answerHeaders?: Readonly<Record<string, string>>;
  readonly [other: string]: unknown;
}

export interface HelperServer extends PinnedProcess {
  readonly origin: string;
}

export interface HelperPlace {
  /** Default: the server's. */
  readonly cpus?: string;
  /** Default: as in all of the run. */
  readonly tls?: boolean;
  /** Unix socket to listen at instead of a port, without TLS. */
  readonly socket?: string;
}

/** Starts one of the servers of this folder. */
export async function startHelper(
  lab: Lab,
  script: string,
  plan: Readonly<Record<string, unknown>> = {},
  {
    cpus = lab.cpus.server,
    socket,
    tls = socket === undefined && lab.options.tls,
  }: HelperPlace = {},
): Promise<HelperServer> {
  const port = await findFreePort();
  const { certFile, keyFile } = lab.credentials;
  const full: HelperPlan = {
    ...plan,
    port,
    ...(socket !== undefined && { socket }),
    ...(tls && { tls: { certFile, keyFile } }),
  };
  const server = await startPinned({
    cpus,
    argv: [process.execPath, fileURLToPath(new URL(script, import.meta.url)), JSON.stringify(full)],
    ready: saysReady,
  });
  lab.onClose(() => server.stop());
  return { ...server, origin: `${tls ? 'https' : 'http'}://127.0.0.1:${port}` };
}
