import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startChild, startSignum } from '../../test/setup/child.ts';
import { startTestServer } from '../../test/setup/server.ts';

const SLOW_MS = 60_000;

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'signum-cli-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test('what dev prints can be pasted as it stands, and Ctrl-C leaves nothing running', {
  timeout: SLOW_MS,
}, async () => {
  const env = {
    SIGNUM_DEV_DIR: dir,
    SIGNUM_PUBLIC_LISTEN: '127.0.0.1:0',
    SIGNUM_GRPC_LISTEN: '127.0.0.1:0',
    SIGNUM_OPS_LISTEN: '127.0.0.1:0',
  };
  const dev = startSignum(['dev'], env);
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
