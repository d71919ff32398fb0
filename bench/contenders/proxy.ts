import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configure } from '../../examples/run/configure.ts';
import type { Gateway } from '../../examples/run/gateway.ts';
import { findFreePort } from '../../src/dev/free-port.ts';
import { accepts } from '../lab/accepts.ts';
import type { Lab } from '../lab/lab.ts';
import { startPinned } from '../lab/pinned-process.ts';
import type { HelperServer } from './helper-server.ts';
import type { Served } from './http-contender.ts';

/** What a gateway asks about each request. */
export interface Asked {
  readonly pid: number;
  readonly publicPort: number;
  readonly grpcPort: number;
  /** Unix sockets of a `signum edge`, which is asked there. */
  readonly edgeSocket?: string;
  readonly edgeGrpcSocket?: string;
}

export interface ProxyOptions {
  readonly gateway: Gateway;
  /** File of its folder in examples/ that holds its configuration. */
  readonly file: string;
  readonly asked: Asked;
  /** The service behind it. */
  readonly service: HelperServer;
  /** What is different from the example. */
  edit?(configuration: string): string;
}

/** Starts a gateway with the configuration of its example on the server's CPU, beside what it asks. */
export async function startProxy(lab: Lab, options: ProxyOptions): Promise<Served> {
  const { gateway, file, asked, service, edit = (text) => text } = options;
  const port = await findFreePort();
  const dir = join(lab.dir, `${gateway.name}-${port}`);
  mkdirSync(dir);
  const { credentials } = lab;
  const place = {
    port,
    servicePort: portOf(service.origin),
    innerPort: await findFreePort(),
    ...asked,
    issuer: credentials.issuer,
    audience: credentials.audience,
    caFile: credentials.caFile,
    // Not shown: the key is.
    certFile: credentials.certFile,
    keyFile: credentials.keyFile,
    apiKey: credentials.apiKey,
  };
  configure(gateway, dir, place, asked.edgeSocket === undefined ? 'key' : 'edge');
  const path = join(dir, file);
  writeFileSync(path, edit(readFileSync(path, 'utf8')));
  const started = await startPinned({
    cpus: lab.cpus.server,
    argv: [gateway.executable() ?? '', ...gateway.argv(dir)],
    env: { SIGNUM_API_KEY: credentials.apiKey },
    ready: () => accepts(port),
  });
  lab.onClose(() => started.stop());
  const { pid, output } = started;
  return { pid, otherPids: [asked.pid], origin: `http://127.0.0.1:${port}`, output };
}

export function portOf(origin: string): number {
  return Number(new URL(origin).port);
}
