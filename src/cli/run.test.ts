import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { calculateJwkThumbprint, decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../test/setup/server.ts';
import { developmentCertificates } from '../dev/certificates.ts';
import { openStateDir } from '../dev/state-dir.ts';
import type { Cli } from './cli.ts';
import { run } from './run.ts';

const NO_TOKEN = '0190a8b0-0000-7000-8000-000000000000';
const ADA = ['--tenant', 'acme', '--user', 'ada'];

let server: TestServer;
let dir: string;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'signum-cli-'));
  server = await startTestServer({ SIGNUM_REFRESH_GRACE: '1s' });
});
afterAll(async () => {
  await server.close();
  rmSync(dir, { recursive: true, force: true });
});

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line against the server, in this process. */
async function signum(
  args: readonly string[],
  { stdin = '', env = {} }: { stdin?: string; env?: Record<string, string> } = {},
): Promise<Ended> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const cli: Cli = {
    env: {
      SIGNUM_ADDRESS: server.address,
      SIGNUM_CA_FILE: server.certificates.caFile,
      SIGNUM_API_KEY: server.adminKey,
      ...env,
    },
    stdin: Readable.from([Buffer.from(stdin)]),
    stdout,
    stderr,
    now: () => new Date(),
    exitCode: 0,
    isService: false,
  };
  const code = await run(cli, args);
  return { code, stdout: textOf(stdout), stderr: textOf(stderr) };
}

function textOf(stream: PassThrough): string {
  const chunks: string[] = [];
  for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) chunks.push(String(chunk));
  return chunks.join('');
}

async function issueJson(device: string, ...more: string[]) {
  const { stdout, stderr } = await signum(['issue', ...ADA, '--device', device, '--json', ...more]);
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

test('a token is validated from stdin, from SIGNUM_TOKEN, as an argument and by its ids', async () => {
  const { tokens } = await issueJson('ways');
  const token = tokens.accessToken;
  const ids = [...ADA, '--device', 'ways', '--token-id', tokens.tokenId];
  for (const { code, stdout } of [
    await signum(['validate', '-'], { stdin: `${token}\n` }),
    await signum(['validate'], { env: { SIGNUM_TOKEN: token } }),
    await signum(['validate', token]),
    await signum(['validate', ...ids]),
  ]) {
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ACTIVE, decided by the store\nTenant +acme\n/);
  }
});

test('what is asked for at issue is what validate tells', async () => {
  const { tokens } = await issueJson(
    'rich',
    ...['--scope', 'read', '--scope', 'write', '--claim', 'plan=pro', '--claim', 'seats=5'],
    ...['--label', 'Rich', '--attribute', 'os=ios', '--access-lifetime', '1m'],
  );
  const validated = await signum(['validate', '-', '--json'], { stdin: tokens.accessToken });
  expect(JSON.parse(validated.stdout)).toMatchObject({
    active: true,
    verdict: 'VERDICT_ACTIVE',
    scopes: ['read', 'write'],
    claims: { plan: 'pro', seats: 5 },
    expireTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
  });
  const shown = await signum(['sessions', ...ADA, '--device', 'rich', '--json']);
  expect(JSON.parse(shown.stdout).metadata).toMatchObject({
    label: 'Rich',
    attributes: { os: 'ios' },
  });
});

test('revoke --fence waits for the edges, and says how many and how long', {
  timeout: 60_000,
}, async () => {
  const { tokens } = await issueJson('fenced');
  const stdin = tokens.accessToken;
  // A server that has just started trusts no table of leases, and waits a whole one.
  const fenced = await signum(['revoke', '-', '--fence'], { stdin });
  expect(fenced).toMatchObject({ code: 0, stderr: '' });
  expect(fenced.stdout).toMatch(
    /^Fence +0 edges confirmed(, \d+ without a lease by now)?, after \d+ ms$/m,
  );
  const json = await signum(['revoke', '-', '--fence', '--json'], { stdin });
  expect(JSON.parse(json.stdout)).toMatchObject({ fence: { waited: expect.any(String) } });
  for (const options of [[], ['--no-fence']]) {
    const plain = await signum(['revoke', '-', ...options], { stdin });
    expect(plain.code).toBe(0);
    expect(plain.stdout).not.toContain('Fence');
  }
  expect((await signum(['revoke', '-', '--fence=all'], { stdin })).code).toBe(2);
});

test('a negative verdict is exit code 1, also when nothing is printed', async () => {
  const { code, stdout } = await signum(['validate', '-'], { stdin: 'nonsense' });
  expect(code).toBe(1);
  expect(stdout).toBe('MALFORMED, decided by the token\n');
  const { tokens } = await issueJson('scoped', '--scope', 'read');
  const lacking = await signum(['validate', '-', '--scope', 'admin', '--quiet'], {
    stdin: tokens.accessToken,
  });
  expect(lacking).toEqual({ code: 1, stdout: '', stderr: '' });
});

test('a shell captures one token, or both through eval', async () => {
  const issued = ['issue', ...ADA, '--device', 'shell'];
  const access = await signum([...issued, '--quiet']);
  expect(access.stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  const refresh = await signum([...issued, '--output', 'refresh-token']);
  const both = await signum(['refresh', '-', '--output', 'shell'], { stdin: refresh.stdout });
  expect(both.stdout).toMatch(/^ACCESS_TOKEN=[\w.-]+\nREFRESH_TOKEN=[\w.-]+\n$/);
});

test('a refresh replaces the token, and says when it is a replay', async () => {
  const { tokens } = await issueJson('refresh');
  const first = await signum(['refresh', '-', '--json'], { stdin: tokens.refreshToken });
  const again = await signum(['refresh', '-', '--json'], { stdin: tokens.refreshToken });
  expect(JSON.parse(first.stdout).replayed).toBe(false);
  expect(JSON.parse(again.stdout)).toMatchObject({
    replayed: true,
    tokens: { tokenId: JSON.parse(first.stdout).tokens.tokenId },
  });
  const old = await signum(['validate', '-'], { stdin: tokens.accessToken });
  expect(old).toMatchObject({ code: 1, stdout: expect.stringMatching(/^REVOKED \(ROTATED\)/) });
});

test('logging out by token is a logout, revoking by ids is an act of an operator', async () => {
  const [one, two] = [await issueJson('one'), await issueJson('two')];
  await signum(['revoke', '-'], { stdin: one.tokens.accessToken });
  await signum(['revoke', ...ADA, '--device', 'two', '--session', two.tokens.sessionId]);
  const [first, second] = [
    await signum(['validate', '-'], { stdin: one.tokens.accessToken }),
    await signum(['validate', '-'], { stdin: two.tokens.accessToken }),
  ];
  expect(first.stdout).toMatch(/^REVOKED \(LOGOUT\)/);
  expect(second.stdout).toMatch(/^REVOKED \(ADMIN\)/);
});

test('all but one device of a user are logged out, then the tenant', async () => {
  const eve = ['--tenant', 'other', '--user', 'eve'];
  for (const device of ['a', 'b', 'c']) await signum(['issue', ...eve, '--device', device]);
  const others = await signum(['revoke', ...eve, '--all-but', 'b', '--json']);
  expect(JSON.parse(others.stdout)).toMatchObject({ revokedCount: 2 });
  const left = JSON.parse((await signum(['sessions', ...eve, '--json'])).stdout);
  expect(left).toMatchObject({ totalSize: 1, sessions: [{ device: { deviceId: 'b' } }] });
  const tenant = await signum(['revoke', '--tenant', 'other', '--whole-tenant', '--json']);
  expect(JSON.parse(tenant.stdout)).toMatchObject({ partitions: 4 });
  expect((await signum(['sessions', ...eve])).stdout).toBe('No live sessions.\n');
});

test('sessions are a table, aligned whatever the devices are called', async () => {
  const grace = ['--tenant', 'acme', '--user', 'grace'];
  await signum(['issue', ...grace, '--device', '携帯', '--label', '\u001B[31mred']);
  await signum(['issue', ...grace, '--device', 'a:{b}*']);
  const { stdout } = await signum(['sessions', ...grace]);
  expect(stdout).toMatch(/^DEVICE {2,}LABEL {2,}SESSION/);
  expect(stdout).toContain('\\u{1B}[31mred');
  expect(stdout).toMatch(/^a:\{b\}\* {2}- /m);
  expect(stdout).toMatch(/^携帯 {4}/m);
});

test('a device without a session is exit code 1', async () => {
  const { code, stdout, stderr } = await signum(['sessions', ...ADA, '--device', 'never']);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^error: SESSION_NOT_FOUND: /);
});

test('a wrong key and a missing permission are exit code 3', async () => {
  const wrong = { SIGNUM_API_KEY: `sgn_admin_${'x'.repeat(43)}` };
  const denied = await signum(['keys', 'list'], { env: wrong });
  expect(denied).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(/^error: CREDENTIAL_INVALID/),
  });
});

test('a new caller gets its key in a file of its own, and calls within its permissions', async () => {
  const file = join(dir, 'gateway.key');
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
  const jwks = join(dir, 'edge.jwks');
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
  expect(await signum([...rekey, '--save', join(dir, 'edge.key')])).toMatchObject({ code: 2 });
  expect((await signum(rekey)).stdout).toMatch(/ k1 /);
  expect((await signum(['callers', 'delete', 'edge'])).stdout).toBe('Deleted edge.\n');
  expect((await signum(['callers', 'delete', 'edge'])).stdout).toBe('There was no caller edge.\n');
});

test('no answer of a failed call holds the token that it was about', async () => {
  const { tokens } = await issueJson('secret');
  const wrong = { SIGNUM_API_KEY: `sgn_admin_${'x'.repeat(43)}`, SIGNUM_TOKEN: tokens.accessToken };
  for (const args of [['validate'], ['refresh'], ['validate', '--json'], ['refresh', '--json']]) {
    const { code, stdout, stderr } = await signum(args, { env: wrong });
    expect(code).toBe(3);
    expect(stdout + stderr).not.toContain(tokens.accessToken.slice(-20));
  }
});

test('HTTP/1.1 does the same', async () => {
  const { code, stdout } = await signum(['keys', 'jwks', '--http1']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout).keys).toHaveLength(1);
});

test('a certificate of another authority is refused before anything is sent', async () => {
  const foreign = await developmentCertificates(openStateDir(join(dir, 'foreign')));
  for (const caFile of [foreign.caFile, '']) {
    const { code, stderr } = await signum(['keys', 'list'], { env: { SIGNUM_CA_FILE: caFile } });
    expect({ code, stderr }).toEqual({ code: 4, stderr: expect.stringMatching(/^error: TLS_/) });
  }
});

test('tokens are bound to a key that is made once, and are good with it alone', async () => {
  const file = join(dir, 'dpop.jwk');
  const { tokens } = await issueJson('bound', '--dpop', file);
  const key = JSON.parse(readFileSync(file, 'utf8'));
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const jkt = await calculateJwkThumbprint(key);
  expect(decodeJwt(tokens.accessToken)['cnf']).toEqual({ jkt });
  expect(await signum(['validate', '-'], { stdin: tokens.accessToken })).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('KEY_PROOF_REQUIRED'),
  });
  const again = await issueJson('bound', '--dpop', file);
  expect(decodeJwt(again.tokens.accessToken)['cnf']).toEqual({ jkt });
});

test.each(['optional', 'required'])(
  'a bound token is used with its key, nonces %s',
  async (nonces) => {
    const strict = await startTestServer({
      ...{
        SIGNUM_REDIS_URL: server.env['SIGNUM_REDIS_URL'] ?? '',
        SIGNUM_ADMIN_KEY: server.adminKey,
      },
      ...(nonces === 'required' && { SIGNUM_DPOP_NONCE: nonces }),
    });
    try {
      const user = { SIGNUM_ADDRESS: strict.address, SIGNUM_CA_FILE: strict.certificates.caFile };
      const [key, other] = [join(dir, `${nonces}.jwk`), join(dir, 'other.jwk')];
      const { tokens } = await issueJson(nonces, '--dpop', key);
      await issueJson('other', '--dpop', other);
      const act = (
        command: string,
        stdin: string,
        file: string,
        env: Record<string, string> = user,
      ) => signum([command, '-', '--dpop', file], { stdin, env: { SIGNUM_API_KEY: '', ...env } });
      const service = { ...user, SIGNUM_API_KEY: server.adminKey };
      const verdict = async (file: string) =>
        (await act('validate', tokens.accessToken, file, service)).stdout.split(',')[0];
      expect(await verdict(key)).toBe('ACTIVE');
      expect(await verdict(other)).toBe('KEY_PROOF_INVALID');

      for (const [command, token] of [
        ['refresh', tokens.refreshToken],
        ['revoke', tokens.accessToken],
      ] as const) {
        expect(await act(command, token, other)).toMatchObject({
          ...{ code: 3, stderr: expect.stringContaining('KEY_PROOF_INVALID') },
        });
        expect(
          await signum([command, '-'], { stdin: token, env: { ...user, SIGNUM_API_KEY: '' } }),
        ).toMatchObject({
          ...{ code: 3, stderr: expect.stringMatching(/KEY_PROOF_REQUIRED.*--dpop/s) },
        });
      }
      const refreshed = await act('refresh', tokens.refreshToken, key);
      expect(refreshed).toMatchObject({ code: 0, stderr: '' });
      expect(await act('revoke', tokens.refreshToken, key)).toMatchObject({
        ...{ code: 0, stdout: expect.stringContaining('1 session') },
      });
    } finally {
      await strict.close();
    }
  },
);

test.each(['validate', 'revoke'])('a key without a token, %s is refused', async (command) => {
  const ids = [
    ...ADA,
    '--device',
    'd',
    ...(command === 'validate' ? ['--token-id', NO_TOKEN] : []),
  ];
  const { code, stderr } = await signum([command, ...ids, '--dpop', join(dir, 'none.jwk')]);
  expect([code, stderr]).toEqual([2, expect.stringContaining('--dpop: must come with a token')]);
});

test('a key that is not there is not made by those who use it', async () => {
  const file = join(dir, 'not-there.jwk');
  const { code, stderr } = await signum(['refresh', '-', '--dpop', file], { stdin: 'x' });
  expect([code, stderr]).toEqual([2, expect.stringContaining('--dpop: cannot be read (ENOENT)')]);
  expect(() => statSync(file)).toThrow();
});

test.each(['no JSON', '{"kty":"oct","k":"c2VjcmV0"}', '{"kty":"EC","crv":"P-256","d":"x"}'])(
  'a file that holds no private key is refused: %s',
  async (text) => {
    const file = join(dir, 'no-key.jwk');
    writeFileSync(file, text);
    const { code, stderr } = await signum(['issue', ...ADA, '--device', 'd', '--dpop', file]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('--dpop')]);
    expect(stderr).not.toContain(text);
  },
);

test('tokens tell how the user has authenticated, and are held to it', async () => {
  const told = ['--auth-time', 'now', '--acr', 'gold', '--amr', 'pwd', '--amr', 'otp'];
  const { tokens } = await issueJson('step-up', ...told);
  expect(decodeJwt(tokens.accessToken)).toMatchObject({ acr: 'gold', amr: ['pwd', 'otp'] });
  const stdin = tokens.accessToken;
  expect(
    (await signum(['validate', '-', '--acr', 'gold', '--max-age', '1h'], { stdin })).code,
  ).toBe(0);
  expect(await signum(['validate', '-', '--acr', 'platinum'], { stdin })).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('INSUFFICIENT_AUTHENTICATION'),
  });
  expect((await signum(['issue', ...ADA, '--device', 'd', '--auth-time', 'noon'])).code).toBe(2);
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
    join(dir, 't.key'),
  ]);
  const { code, stdout } = await signum(['tour', '--json', '--api-key-file', join(dir, 't.key')]);
  const { ok, steps } = JSON.parse(stdout);
  expect({ code, ok }).toEqual({ code: 3, ok: false });
  expect(steps.map(({ status }: { status: string }) => status)).toEqual(['passed', 'failed']);
  expect(steps[1].note).toContain('PERMISSION_DENIED');
  expect(stdout).not.toMatch(/eyJ[\w-]+\.[\w-]+\.[\w-]+/);
});

test('the doctor finds a server in use healthy', async () => {
  const env = { SIGNUM_REDIS_URL: server.redisUrl, SIGNUM_PARTITIONS: '4' };
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
  const env = { SIGNUM_REDIS_URL: server.redisUrl, SIGNUM_PARTITIONS: '8' };
  const other = await signum(['doctor'], { env });
  expect(other).toMatchObject({ code: 1, stdout: expect.stringContaining('SIGNUM_PARTITIONS=4') });
});

test('config shows what is in force, and no secret', async () => {
  const { code, stdout } = await signum(['config', '--json'], { env: { ...server.env } });
  const { settings } = JSON.parse(stdout);
  expect(code).toBe(0);
  expect(settings).toContainEqual({ name: 'SIGNUM_PARTITIONS', value: '4', source: 'env' });
  expect(stdout).not.toContain(server.adminKey);
});

test('init makes certificates and secrets that a second run keeps', async () => {
  const state = join(dir, 'state');
  const args = ['init', '--dir', state, '--host-name', 'signum', '--json'];
  const made = JSON.parse((await signum(args)).stdout);
  const key = readFileSync(made.adminKeyFile, 'utf8');
  expect(JSON.parse((await signum(args)).stdout)).toEqual(made);
  expect(readFileSync(made.adminKeyFile, 'utf8')).toBe(key);
});
