import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findExecutable } from '../../src/dev/find-executable.ts';
import { createClient, TokenService, transportTo } from '../setup/server.ts';
import { until } from '../setup/until.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BUILD_MS = 15 * 60_000;
const PROJECT = `signum-test-${process.pid}`;
const IMAGES = ['node:26-slim', 'redis:8'];

const compose = composeCommand();
const missing = compose === undefined ? 'needs a Docker engine with Compose' : missingImage();
const WHY = missing === undefined ? '' : ` (${missing})`;

function run(command: string, args: readonly string[], timeout = 60_000) {
  return spawnSync(command, args, { cwd: ROOT, encoding: 'utf8', timeout });
}

/** Compose as a plugin of Docker, or as the program that it was; undefined without an engine. */
function composeCommand(): readonly string[] | undefined {
  if (!findExecutable('docker') || run('docker', ['info']).status !== 0) return undefined;
  const forms = [['docker', 'compose'], ['docker-compose']];
  return forms.find(([command = '', ...args]) => {
    const found = findExecutable(command);
    return found !== undefined && run(found, [...args, 'version']).status === 0;
  });
}

/** The engine may have no way out to fetch them. */
function missingImage(): string | undefined {
  const absent = IMAGES.find((image) => {
    const isHere = run('docker', ['image', 'inspect', image]).status === 0;
    return !isHere && run('docker', ['pull', '--quiet', image], 5 * 60_000).status !== 0;
  });
  return absent && `needs the image ${absent}`;
}

describe.skipIf(missing !== undefined)(`docker compose up${WHY}`, () => {
  const dir = mkdtempSync(join(tmpdir(), 'signum-docker-'));
  const file = join(dir, 'compose.yml');

  function up(...args: readonly string[]): string {
    const [command = '', ...form] = compose ?? [];
    const folder = ['--project-directory', ROOT, '-f', file, '-p', PROJECT];
    const { status, stdout, stderr } = run(command, [...form, ...folder, ...args], BUILD_MS);
    if (status !== 0) throw new Error(`${args.join(' ')} failed:\n${stdout}\n${stderr}`);
    return stdout;
  }

  const portOf = (port: number) => Number(up('port', 'signum', `${port}`).trim().split(':').at(-1));
  const inServer = (...args: string[]) => up('exec', '-T', 'signum', ...args);

  beforeAll(() => {
    // Any free ports of this machine, and a build that may use its way out.
    const text = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8')
      .replace(/^name: .*\n/m, '')
      .replaceAll(/'\d+:(8443|9443)'/g, "'127.0.0.1::$1'");
    writeFileSync(file, text);
    const tag = `${PROJECT}-image`;
    const built = run('docker', ['build', '--network', 'host', '--tag', tag, '.'], BUILD_MS);
    if (built.status !== 0) throw new Error(`docker build failed:\n${built.stdout}${built.stderr}`);
    writeFileSync(file, text.replaceAll('build: .', `image: ${tag}`));
    up('up', '--detach');
  }, BUILD_MS);

  afterAll(() => {
    up('down', '--volumes', '--remove-orphans', '--timeout', '30');
    run('docker', ['image', 'rm', `${PROJECT}-image`]);
    rmSync(dir, { recursive: true, force: true });
  }, BUILD_MS);

  test('issues, validates and revokes over TLS', { timeout: BUILD_MS }, async () => {
    await until('the server is up', () => portOf(8_443) > 0, 120_000);
    const ca = inServer('cat', '/state/ca.crt');
    const key = inServer('cat', '/state/admin-key').trim();
    const address = `https://localhost:${portOf(8_443)}`;
    const tokens = createClient(TokenService, transportTo(address, ca, key, 'connect'));
    const device = { tenantId: 'acme', userId: 'ada', deviceId: 'phone' };
    await until('it answers', async () => (await tokens.issue({ device })).tokens !== undefined);
    const { tokens: pair } = await tokens.issue({ device });
    const subject = { case: 'token', value: pair?.accessToken ?? '' } as const;
    expect(await tokens.validate({ subject })).toMatchObject({ active: true });
    await tokens.revoke({ subject });
    expect(await tokens.validate({ subject })).toMatchObject({ active: false });
  });

  test(
    'the container is healthy, and its server runs as nobody special',
    async () => {
      const id = up('ps', '--quiet', 'signum').trim();
      const health = () => run('docker', ['inspect', '-f', '{{.State.Health.Status}}', id]).stdout;
      await until('it is healthy', () => health().trim() === 'healthy', 60_000);
      expect(inServer('id', '-u').trim()).not.toBe('0');
      expect(inServer('node', 'dist/main.js', '--version')).toMatch(/^signum \d/);
    },
    BUILD_MS,
  );

  test(
    'stops when it is told to, with the exit code 0',
    () => {
      const id = up('ps', '--quiet', 'signum').trim();
      up('stop', '--timeout', '30', 'signum');
      const code = run('docker', ['inspect', '-f', '{{.State.ExitCode}}', id]).stdout.trim();
      expect(code, run('docker', ['logs', id]).stderr).toBe('0');
    },
    BUILD_MS,
  );
});
