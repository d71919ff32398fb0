import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Child, startChild, startSignum } from '../../test/setup/child.ts';
import { startTestServer } from '../../test/setup/server.ts';
import { until } from '../../test/setup/until.ts';

const SLOW_MS = 60_000;

let dir: string;
let running: Child | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'signum-cli-'));
});
afterEach(async () => {
  await running?.destroy();
  running = undefined;
  rmSync(dir, { recursive: true, force: true });
});

/** A state folder and ports of its own. */
const devEnv = () => ({
  SIGNUM_DEV_DIR: dir,
  SIGNUM_PUBLIC_LISTEN: '127.0.0.1:0',
  SIGNUM_GRPC_LISTEN: '127.0.0.1:0',
  SIGNUM_OPS_LISTEN: '127.0.0.1:0',
});

test('what dev prints can be pasted as it stands, and Ctrl-C leaves nothing running', {
  timeout: SLOW_MS,
}, async () => {
  const env = devEnv();
  const dev = startSignum(['dev'], env);
  running = dev;
  await dev.says('Ctrl-C stops everything.');
  const lines = dev.output().split('\n');
  const script = lines.slice(
    lines.findIndex((line) => line.startsWith('#')),
    -2,
  );

  const shell = startChild('bash', ['-c', script.join('\n')], { SIGNUM_DEV_DIR: dir });
  await shell.ended;
  expect(shell.output().match(/^(ACTIVE|REVOKED)[^,]*/gm)).toEqual([
    'ACTIVE',
    'REVOKED (ROTATED)',
    'REVOKED (LOGOUT)',
  ]);
  expect(shell.output()).toMatch(/Replayed +yes/);
  expect(shell.output()).toMatch(/^phone +Ada's phone/m);
  expect(shell.output()).toContain('{"keys":[{');
  expect(shell.output()).toContain('{"tokens":{"accessToken":');
  expect(shell.output()).toMatch(/All \d+ steps went as they must\./);
  expect(shell.output()).toMatch(/Healthy\.\n$/);
  expect(shell.output()).not.toContain('error:');

  dev.process.kill('SIGINT');
  expect(await dev.ended).toEqual([0, null]);
  expect(existsSync(join(dir, 'server.json'))).toBe(false);
  expect(existsSync(join(dir, 'redis', 'owner.pid'))).toBe(false);
});

test('serve runs until SIGTERM, says where it listens and ends with 0', {
  timeout: SLOW_MS,
}, async () => {
  const other = await startTestServer();
  try {
    const serve = startSignum(['serve'], other.env);
    await serve.says('/readyz');
    serve.process.kill('SIGTERM');
    expect(await serve.ended).toEqual([0, null]);
    expect(serve.output()).toContain('Stopping.');
  } finally {
    await other.close();
  }
});

test('a server that cannot start says why and leaves nothing behind', {
  timeout: SLOW_MS,
}, async () => {
  const other = await startTestServer();
  try {
    const SIGNUM_PUBLIC_LISTEN = `127.0.0.1:${other.server.addresses.public.port}`;
    const serve = startSignum(['serve'], { ...other.env, SIGNUM_PUBLIC_LISTEN });
    expect(await serve.ended).toEqual([5, null]);
    expect(serve.output()).toContain('error: ADDRESS_IN_USE: ');
  } finally {
    await other.close();
  }
});

test.each(['SIGTERM', 'SIGKILL'] as const)(
  '%s to npm start leaves no server and no Redis behind',
  {
    timeout: SLOW_MS,
  },
  async (signal) => {
    const npm = startChild('npm', ['start'], { ...devEnv(), HOME: dir });
    running = npm;
    await npm.says('Ctrl-C stops everything.');
    const told = JSON.parse(readFileSync(join(dir, 'server.json'), 'utf8'));
    // What tokens say does not follow the port.
    expect(told).toMatchObject({ issuer: 'https://localhost:8443', audience: 'signum-dev' });
    const { address, redisUrl } = told;
    const target = signal === 'SIGTERM' ? npm.process.pid : runnerPid(npm.process.pid ?? 0);
    process.kill(target ?? 0, signal);
    for (const url of [address, redisUrl]) {
      await until(`nothing listens at ${new URL(url).port}`, () =>
        isFree(Number(new URL(url).port)),
      );
    }
    expect(existsSync(join(dir, 'server.json'))).toBe(false);
  },
);

/** The script that npm runs, which waits for the server. */
function runnerPid(npmPid: number): number {
  const found = spawnSync('ps', ['-eo', 'pid=,pgid=,args='], { encoding: 'utf8' }).stdout;
  const line = found
    .split('\n')
    .map((each) => /^\s*(\d+)\s+(\d+)\s+\S*node .*run\.js start/.exec(each))
    .find((match) => Number(match?.[2]) === npmPid);
  return Number(line?.[1]);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', () => resolve(true));
  });
}
