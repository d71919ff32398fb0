import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import type { Cli } from './cli.ts';
import { COMMANDS } from './commands.ts';
import { checkArguments } from './input/check-arguments.ts';
import { addGlobalOptions } from './input/global-options.ts';

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

/** All commands with all their options; none of them is run. */
async function completeProgram(): Promise<Command> {
  const program = new Command();
  addGlobalOptions(program);
  for (const { load } of COMMANDS) (await load())(program, {} as Cli);
  return program;
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

const REVOKE = ['revoke', '--tenant', 'acme', '--user', 'ada'];

test.each([
  ['an empty value', [...REVOKE, '--all-but', ''], '--all-but'],
  ['a blank value', [...REVOKE, '--all-but', ' '], '--all-but'],
  ['an empty value behind =', [...REVOKE, '--all-but='], '--all-but'],
  ['an option where a value should be', [...REVOKE, '--all-but', '--json'], '--all-but'],
  [
    'an option with a value where one should be',
    [...REVOKE, '--all-but', '--timeout=1s'],
    '--all-but',
  ],
  ['an empty global option', ['--address', '', ...REVOKE, '--all'], '--address'],
  ['an empty API key file', [...REVOKE, '--all', '--api-key-file', ''], '--api-key-file'],
  ['an empty item of several', ['validate', 'a.b.c', '--scope', 'x', '--scope', ''], '--scope'],
  ['an option given twice', [...REVOKE, '--device', 'a', '--device', 'b'], '--device'],
  ['an option beside its contrary', [...REVOKE, '--all', '--fence', '--no-fence'], '--no-fence'],
  ['its contrary beside an option', [...REVOKE, '--all', '--no-fence', '--fence'], '--fence'],
  ['a claim given twice', ['issue', '--claim', 'plan=a', '--claim', 'plan=b'], '--claim'],
  ['an empty token', ['revoke', ''], 'TOKEN'],
])('%s is refused before anything is called', async (_, args, field) => {
  const { code, stderr } = await signum([...args, '--verbose']);
  expect(code).toBe(2);
  expect(stderr).toMatch(new RegExp(`^error: (INVALID_FIELD|USAGE): .*${field}`));
  expect(stderr).not.toContain('Calling');
});

test('every option that takes a value refuses an empty one', async () => {
  const program = await completeProgram();
  const commands = program.commands.flatMap((each) =>
    each.commands.length > 0 ? each.commands : [each],
  );
  const checked = commands.flatMap((command) =>
    [...command.options, ...program.options]
      .filter((option) => option.required)
      .map((option) => {
        const args = [option.long ?? '', ''];
        expect(() => checkArguments(command, args)).toThrow(`${option.long}: must not be empty`);
        return option.long;
      }),
  );
  expect(checked.length).toBeGreaterThan(50);
});

test('--version prints the version of the package', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  for (const args of [['--version'], ['--version', 'issue']]) {
    const { code, stdout } = await signum(args);
    expect([code, stdout]).toEqual([0, `signum ${version}\n`]);
  }
});

describe('an error quotes no token and no key', () => {
  const token = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1In0.c2lnbmF0dXJl';
  const key = `sgn_admin_${'Ab3_-'.repeat(9).slice(0, 43)}`;
  test.each([
    ['as a command', [token]],
    ['as an argument', ['sessions', '--tenant', 'a', '--user', 'b', key]],
    ['as an option', ['sessions', `--${key}`]],
    ['as the file of a key', ['keys', 'list', '--api-key-file', key]],
    ['as the file of an authority', ['keys', 'list', '--ca', key]],
    ['in an address', ['keys', 'list', '--address', `https://u:${key}@h`]],
    ['as the value of an option', ['revoke', token, '--timeout', key]],
  ])('%s', async (_where, args) => {
    const { code, stderr } = await signum(args);
    expect([2, 4]).toContain(code);
    expect(stderr).not.toContain(key.slice(11));
    expect(stderr).not.toContain(token);
  });
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
