import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startTestServer } from '../../test/setup/server.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = join(ROOT, 'src/main.ts');
const SLOW_MS = 60_000;

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'signum-cli-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A child process whose output can be waited for. */
function start(file: string, args: readonly string[], env: Record<string, string>) {
  const { PATH = '' } = process.env;
  const options = { cwd: ROOT, env: { PATH, ...env }, stdio: 'pipe' } as const;
  const child: ChildProcess = spawn(file, args, options);
  let output = '';
  const watchers = new Set<() => void>();
  const read = (chunk: Buffer) => {
    output += chunk;
    for (const watch of watchers) watch();
  };
  child.stdout?.on('data', read);
  child.stderr?.on('data', read);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return {
    child,
    ended,
    output: () => output,
    /** Resolves when the output holds the text; rejects if the process ends without it. */
    says: (text: string) =>
      new Promise<void>((resolve, reject) => {
        const watch = () => output.includes(text) && resolve();
        watchers.add(watch);
        watch();
        void ended.then(() => reject(new Error(`ended without "${text}":\n${output}`)));
      }),
  };
}

test('what dev prints can be pasted as it stands, and Ctrl-C leaves nothing running', {
  timeout: SLOW_MS,
}, async () => {
  const env = {
    SIGNUM_DEV_DIR: dir,
    SIGNUM_PUBLIC_LISTEN: '127.0.0.1:0',
    SIGNUM_GRPC_LISTEN: '127.0.0.1:0',
    SIGNUM_OPS_LISTEN: '127.0.0.1:0',
  };
  const dev = start(process.execPath, [MAIN, 'dev'], env);
  await dev.says('Ctrl-C stops everything.');
  const lines = dev.output().split('\n');
  const script = lines.slice(
    lines.findIndex((line) => line.startsWith('#')),
    -2,
  );

  const shell = start('bash', ['-c', script.join('\n')], { SIGNUM_DEV_DIR: dir });
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

  dev.child.kill('SIGINT');
  expect(await dev.ended).toBe(0);
  expect(existsSync(join(dir, 'server.json'))).toBe(false);
  expect(existsSync(join(dir, 'redis', 'owner.pid'))).toBe(false);
});

test('serve runs until SIGTERM, says where it listens and ends with 0', {
  timeout: SLOW_MS,
}, async () => {
  const other = await startTestServer();
  try {
    const serve = start(process.execPath, [MAIN, 'serve'], other.env);
    await serve.says('/readyz');
    serve.child.kill('SIGTERM');
    expect(await serve.ended).toBe(0);
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
    const serve = start(process.execPath, [MAIN, 'serve'], { ...other.env, SIGNUM_PUBLIC_LISTEN });
    expect(await serve.ended).toBe(5);
    expect(serve.output()).toContain('error: ADDRESS_IN_USE: ');
  } finally {
    await other.close();
  }
});
