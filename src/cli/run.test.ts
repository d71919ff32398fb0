import { decodeJwt } from 'jose';
import { expect, test } from 'vitest';
import { ADA, commandLine } from '../../test/setup/command-line.ts';

const { signum, issueJson } = commandLine();

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

test('no answer of a failed call holds the token that it was about', async () => {
  const { tokens } = await issueJson('secret');
  const wrong = { SIGNUM_API_KEY: `sgn_admin_${'x'.repeat(43)}`, SIGNUM_TOKEN: tokens.accessToken };
  for (const args of [['validate'], ['refresh'], ['validate', '--json'], ['refresh', '--json']]) {
    const { code, stdout, stderr } = await signum(args, { env: wrong });
    expect(code).toBe(3);
    expect(stdout + stderr).not.toContain(tokens.accessToken.slice(-20));
  }
});

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
