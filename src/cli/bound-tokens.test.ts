import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { calculateJwkThumbprint, decodeJwt } from 'jose';
import { expect, test } from 'vitest';
import { ADA, commandLine } from '../../test/setup/command-line.ts';
import { startTestServer } from '../../test/setup/server.ts';

const NO_TOKEN = '0190a8b0-0000-7000-8000-000000000000';

const cli = commandLine();
const { signum, issueJson } = cli;

test('tokens are bound to a key that is made once, and are good with it alone', async () => {
  const file = join(cli.dir, 'dpop.jwk');
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

test.each([
  ['off', {}],
  ['required', {}],
  ['off', { SIGNUM_PUBLIC_URL: 'http://signum.example' }],
  ['required', { SIGNUM_PUBLIC_URL: 'http://signum.example' }],
])('a bound token is used with its key, nonces %s, at a server with %j', async (nonces, env) => {
  const strict = await startTestServer({
    ...{
      SIGNUM_REDIS_URL: cli.server.env['SIGNUM_REDIS_URL'] ?? '',
      SIGNUM_ADMIN_KEY: cli.server.adminKey,
    },
    ...{ SIGNUM_DPOP_NONCE: nonces, ...env },
  });
  try {
    const user = { SIGNUM_ADDRESS: strict.address, SIGNUM_CA_FILE: strict.certificates.caFile };
    const [key, other] = [join(cli.dir, `${nonces}.jwk`), join(cli.dir, 'other.jwk')];
    const { tokens } = await issueJson(nonces, '--dpop', key);
    await issueJson('other', '--dpop', other);
    const act = (
      command: string,
      stdin: string,
      file: string,
      env: Record<string, string> = user,
    ) => signum([command, '-', '--dpop', file], { stdin, env: { SIGNUM_API_KEY: '', ...env } });
    const service = { ...user, SIGNUM_API_KEY: cli.server.adminKey };
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
});

test.each(['validate', 'revoke'])('a key without a token, %s is refused', async (command) => {
  const ids = [
    ...ADA,
    '--device',
    'd',
    ...(command === 'validate' ? ['--token-id', NO_TOKEN] : []),
  ];
  const { code, stderr } = await signum([command, ...ids, '--dpop', join(cli.dir, 'none.jwk')]);
  expect([code, stderr]).toEqual([2, expect.stringContaining('--dpop: must come with a token')]);
});

test('a key that is not there is not made by those who use it', async () => {
  const file = join(cli.dir, 'not-there.jwk');
  const { code, stderr } = await signum(['refresh', '-', '--dpop', file], { stdin: 'x' });
  expect([code, stderr]).toEqual([2, expect.stringContaining('--dpop: cannot be read (ENOENT)')]);
  expect(() => statSync(file)).toThrow();
});

test.each(['no JSON', '{"kty":"oct","k":"c2VjcmV0"}', '{"kty":"EC","crv":"P-256","d":"x"}'])(
  'a file that holds no private key is refused: %s',
  async (text) => {
    const file = join(cli.dir, 'no-key.jwk');
    writeFileSync(file, text);
    const { code, stderr } = await signum(['issue', ...ADA, '--device', 'd', '--dpop', file]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('--dpop')]);
    expect(stderr).not.toContain(text);
  },
);
