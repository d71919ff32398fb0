import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ADA, commandLine } from '../../test/setup/command-line.ts';
import { developmentCertificates } from '../dev/certificates.ts';
import { openStateDir } from '../dev/state-dir.ts';

const cli = commandLine();
const { signum } = cli;

test('a wrong key and a missing permission are exit code 3', async () => {
  const wrong = { SIGNUM_API_KEY: `sgn_admin_${'x'.repeat(43)}` };
  const denied = await signum(['keys', 'list'], { env: wrong });
  expect(denied).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(/^error: CREDENTIAL_INVALID/),
  });
});

test('a new caller gets its key in a file of its own, and calls within its permissions', async () => {
  const file = join(cli.dir, 'gateway.key');
  const create = ['callers', 'create', 'gateway', '--permission', 'validate', '--tenant', 'acme'];
  const created = await signum([...create, '--save', file]);
  expect(created.stdout).not.toContain('sgn_');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, 'utf8')).toMatch(/^sgn_\w+_[\w-]+\n$/);

  const issue = ['issue', ...ADA, '--device', 'x', '--api-key-file', file];
  expect(await signum(issue)).toMatchObject({ code: 3 });
  const validate = ['validate', 'nonsense', '--api-key-file', file, '--quiet'];
  expect(await signum(validate)).toMatchObject({ code: 1, stderr: '' });

  expect(await signum([...create, '--save', file])).toMatchObject({ code: 2 });
  expect(await signum(create)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('CALLER_EXISTS'),
  });
});

test('a caller is listed, disabled, enabled, given a new key and deleted', async () => {
  await signum([
    'callers',
    'create',
    'edge',
    '--permission',
    'validate',
    '--tenant',
    '*',
    '--quiet',
  ]);
  const rotated = await signum(['callers', 'rotate-key', 'edge', '--overlap', '1h', '--quiet']);
  expect(rotated.stderr).toBe('');
  expect(rotated.stdout).toMatch(/^sgn_\w+_[\w-]+\n$/);
  expect((await signum(['callers', 'disable', 'edge'])).stdout).toContain('disabled');
  expect((await signum(['callers', 'enable', 'edge'])).stdout).toContain('enabled');
  const { callers } = JSON.parse((await signum(['callers', 'list', '--json'])).stdout);
  const edge = callers.find(({ name }: { name: string }) => name === 'edge');
  expect(edge).toMatchObject({ tenants: ['*'], permissions: ['PERMISSION_VALIDATE'] });
  expect(edge.keys).toHaveLength(2);
  const jwks = join(cli.dir, 'edge.jwks');
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const write = (key: KeyObject) =>
    writeFileSync(
      jwks,
      JSON.stringify({ keys: [{ ...key.export({ format: 'jwk' }), kid: 'k1' }] }),
    );
  const rekey = ['callers', 'rotate-key', 'edge', '--jwks', jwks];
  write(privateKey);
  expect(await signum(rekey)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('must hold no private member'),
  });
  write(publicKey);
  expect(await signum([...rekey, '--save', join(cli.dir, 'edge.key')])).toMatchObject({ code: 2 });
  expect((await signum(rekey)).stdout).toMatch(/ k1 /);
  expect((await signum(['callers', 'delete', 'edge'])).stdout).toBe('Deleted edge.\n');
  expect((await signum(['callers', 'delete', 'edge'])).stdout).toBe('There was no caller edge.\n');
});

test('HTTP/1.1 does the same', async () => {
  const { code, stdout } = await signum(['keys', 'jwks', '--http1']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout).keys).toHaveLength(1);
});

test('a certificate of another authority is refused before anything is sent', async () => {
  const foreign = await developmentCertificates(openStateDir(join(cli.dir, 'foreign')));
  for (const caFile of [foreign.caFile, '']) {
    const { code, stderr } = await signum(['keys', 'list'], { env: { SIGNUM_CA_FILE: caFile } });
    expect({ code, stderr }).toEqual({ code: 4, stderr: expect.stringMatching(/^error: TLS_/) });
  }
});

test('the whole tour goes as it must, reuse and rotation included', async () => {
  const { code, stdout } = await signum(['tour', '--slow', '--grace', '1s', '--rotate']);
  expect(stdout).not.toContain('✗');
  expect(stdout).toMatch(/All 21 steps went as they must\.\n$/);
  expect(code).toBe(0);
});

test('the tour names the step at which it fails, and shows no token', async () => {
  await signum([
    'callers',
    'create',
    'tourist',
    '--permission',
    'issue',
    '--tenant',
    '*',
    '--save',
    join(cli.dir, 't.key'),
  ]);
  const { code, stdout } = await signum([
    'tour',
    '--json',
    '--api-key-file',
    join(cli.dir, 't.key'),
  ]);
  const { ok, steps } = JSON.parse(stdout);
  expect({ code, ok }).toEqual({ code: 3, ok: false });
  expect(steps.map(({ status }: { status: string }) => status)).toEqual(['passed', 'failed']);
  expect(steps[1].note).toContain('PERMISSION_DENIED');
  expect(stdout).not.toMatch(/eyJ[\w-]+\.[\w-]+\.[\w-]+/);
});

test('the doctor finds a server in use healthy', async () => {
  const env = { SIGNUM_REDIS_URL: cli.server.redisUrl, SIGNUM_PARTITIONS: '4' };
  const { code, stdout } = await signum(['doctor', '--json'], { env });
  const { healthy, examinations } = JSON.parse(stdout);
  const areas = examinations.map(({ area }: { area: string }) => area.split(' ')[0]);
  expect(examinations.flatMap((each: { findings: unknown[] }) => each.findings)).toEqual([]);
  expect(areas).toEqual(['API', 'Redis', 'Deployment', 'Edges', 'Keys']);
  expect({ code, healthy }).toEqual({ code: 0, healthy: true });
});

test('the doctor says so when it does not know the Redis, and when the partitions differ', async () => {
  const without = await signum(['doctor']);
  expect(without).toMatchObject({ code: 0, stdout: expect.stringContaining('not examined') });
  const env = { SIGNUM_REDIS_URL: cli.server.redisUrl, SIGNUM_PARTITIONS: '8' };
  const other = await signum(['doctor'], { env });
  expect(other).toMatchObject({ code: 1, stdout: expect.stringContaining('SIGNUM_PARTITIONS=4') });
});

test('config shows what is in force, and no secret', async () => {
  const { code, stdout } = await signum(['config', '--json'], { env: { ...cli.server.env } });
  const { settings } = JSON.parse(stdout);
  expect(code).toBe(0);
  expect(settings).toContainEqual({ name: 'SIGNUM_PARTITIONS', value: '4', source: 'env' });
  expect(stdout).not.toContain(cli.server.adminKey);
});

test('init makes certificates and secrets that a second run keeps', async () => {
  const state = join(cli.dir, 'state');
  const args = ['init', '--dir', state, '--host-name', 'signum', '--json'];
  const made = JSON.parse((await signum(args)).stdout);
  const key = readFileSync(made.adminKeyFile, 'utf8');
  expect(JSON.parse((await signum(args)).stdout)).toEqual(made);
  expect(readFileSync(made.adminKeyFile, 'utf8')).toBe(key);
});
