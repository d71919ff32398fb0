import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { type Dev, untilSignal } from './dev.ts';
import { whatToPasteForApp } from './what-to-paste.ts';

/** Services that verify tokens by themselves, with @signum/edge. */
export const APPS: readonly string[] = ['express', 'fastify', 'hono', 'headers'];

/** Runs one of them beside the Signum that `npm start` runs, until a signal comes or it ends. */
export async function runApp(name: string, dev: Dev, port: number): Promise<void> {
  const file = fileURLToPath(new URL(`../${name}/server.ts`, import.meta.url));
  const app = spawn(process.execPath, [file], {
    stdio: 'inherit',
    // Ctrl-C is for the example, which ends it.
    detached: true,
    env: {
      PATH: process.env['PATH'],
      PORT: String(port),
      SIGNUM_ADDRESS: dev.address,
      SIGNUM_CA_FILE: dev.caFile,
      SIGNUM_API_KEY: await dev.callerKey('edge', [Permission.VALIDATE, Permission.WATCH]),
    },
  });
  const ended = once(app, 'exit');
  untilSignal(async () => {
    app.kill('SIGTERM');
    await ended;
  });
  process.stdout.write(whatToPasteForApp(name, port));
  const [code] = await ended;
  process.exit(code ?? 0);
}
