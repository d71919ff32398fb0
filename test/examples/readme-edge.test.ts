import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findFreePort } from '../../src/dev/free-port.ts';
import { type Child, startChild, startSignum } from '../setup/child.ts';
import { until } from '../setup/until.ts';

const HEADING = 'To see it, beside `npm start`';

/** The blocks of commands that follow in the README, as they stand there. */
function blocks(): [app: string, watch: string, logout: string] {
  const readme = readFileSync('README.md', 'utf8');
  const from = readme.slice(readme.indexOf(HEADING));
  const [app = '', watch = '', logout = ''] = [...from.matchAll(/```sh\n([\s\S]*?)```/g)].map(
    ([, text]) => text,
  );
  return [app, watch, logout];
}

let dir: string;
let port: number;
const running: Child[] = [];

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'signum-readme-'));
  port = await findFreePort();
});
afterAll(async () => {
  // As Ctrl-C does: what they have started is in groups of its own, and is ended by them.
  for (const child of running.reverse()) await interrupt(child);
  rmSync(dir, { recursive: true, force: true });
});

async function interrupt({ process: { pid, exitCode, signalCode }, ended }: Child): Promise<void> {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  process.kill(-pid, 'SIGINT');
  await ended;
}

/** Pastes lines of the README into a shell. The app's port is another: somebody may have the usual one. */
function paste(lines: string): Child {
  const env = { SIGNUM_DEV_DIR: dir, PORT: String(port) };
  const child = startChild(
    'bash',
    ['-c', lines.replaceAll('localhost:3000', `localhost:${port}`)],
    env,
  );
  running.push(child);
  return child;
}

test('an app of the README answers by itself, and refuses what was revoked with a fence', {
  timeout: 120_000,
}, async () => {
  const dev = startSignum(['dev'], {
    SIGNUM_DEV_DIR: dir,
    SIGNUM_PUBLIC_LISTEN: '127.0.0.1:0',
    SIGNUM_GRPC_LISTEN: '127.0.0.1:0',
    SIGNUM_OPS_LISTEN: '127.0.0.1:0',
  });
  running.push(dev);
  await dev.says('Ctrl-C stops everything.');
  const [app, watch, logout] = blocks();
  const service = paste(app);
  const watching = paste(watch);
  await service.says('listening on');
  // It tells what happens from when it has connected on, and does not say when that is.
  await until(
    'the logout is heard',
    async () => {
      const shell = paste(logout);
      expect(await shell.ended).toEqual([0, null]);
      expect(shell.output()).toMatch(/^Hello, ada$/m);
      expect(shell.output()).toMatch(/^Fence +\d+ edges? confirmed/m);
      expect(shell.output()).toMatch(/^HTTP\/1\.1 401 /m);
      return watching.output().includes('LOGOUT');
    },
    90_000,
  );
});
