import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { COMMANDS } from './commands.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program as a shell would, with nothing of this environment but what is given. */
async function signum(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = await Promise.all([
    read(child.stdout),
    read(child.stderr),
    ended(child),
  ]);
  return { code: child.exitCode, stdout, stderr };
}

async function read(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += chunk;
  return text;
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => child.once('close', () => resolve()));
}

test('help goes to stdout and lists every command and the exit codes', async () => {
  const { code, stdout, stderr } = await signum(['--help']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  for (const { name, summary } of COMMANDS)
    expect(stdout).toMatch(new RegExp(`${name} .*${summary}`));
  expect(stdout).toContain('Exit codes:');
});

test.each(COMMANDS.map(({ name }) => name))('the help of %s has an example', async (name) => {
  const { code, stdout } = await signum(['help', name]);
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`Examples?:\n.*signum ${name}`, 's'));
  expect(stdout).toContain('--api-key-file');
});

test.each([
  ['no command', []],
  ['an unknown command', ['isue']],
  ['an unknown option', ['issue', '--nope']],
  ['a missing option', ['issue', '--tenant', 'acme']],
  ['a value out of range', ['revoke', '--replicas', '17']],
  ['a value that is none of the choices', ['keys', 'rotate', '--algorithm', 'none']],
  ['too many arguments', ['sessions', '--tenant', 'a', '--user', 'b', 'c']],
  ['no token', ['validate']],
  ['half of the ids', ['validate', '--tenant', 'acme', '--user', 'ada']],
])('%s is misuse: exit code 2, and nothing on stdout', async (_, args) => {
  const { code, stdout, stderr } = await signum(args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).not.toContain('    at ');
});

test('a misspelt command is told the right one', async () => {
  const { stderr } = await signum(['isue']);
  expect(stderr).toMatch(/^error: USAGE: .*\n\(Did you mean issue\?\)/);
});

test('a global option may stand before the command and after it', async () => {
  const nowhere = ['--address', 'https://localhost:1'];
  for (const args of [
    [...nowhere, 'keys', 'list'],
    ['keys', 'list', ...nowhere],
  ]) {
    const { code, stderr } = await signum(args);
    expect(code).toBe(4);
    expect(stderr).toMatch(/^error: UNREACHABLE: .*\n.*npm start/);
  }
});

test('with --json an error is one JSON object on stderr', async () => {
  const { code, stdout, stderr } = await signum(['keys', 'list', '--json', '--address', 'nowhere']);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(JSON.parse(stderr)).toMatchObject({
    error: { reason: 'INVALID_FIELD', metadata: { field: '--address' }, next: expect.any(String) },
  });
});

test('a server without its configuration lists all that is missing', async () => {
  const { code, stderr } = await signum(['serve']);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^error: CONFIG_INVALID: /);
  for (const name of [
    'SIGNUM_ISSUER',
    'SIGNUM_REDIS_URL',
    'SIGNUM_SECRET',
    'SIGNUM_TLS_CERT_FILE',
  ]) {
    expect(stderr).toContain(`\n  ${name} is required`);
  }
});

test('every setting is documented by config --docs, which needs no configuration', async () => {
  const { code, stdout } = await signum(['config', '--docs']);
  expect(code).toBe(0);
  expect(stdout).toContain('SIGNUM_ACCESS_LIFETIME');
});
