import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { developmentCertificates } from '../../dev/certificates.ts';
import { clientSettings, exposesCredential } from './settings.ts';

const OWN_KEY = `sgn_abcdefghijkl_${'k'.repeat(43)}`;
let CA: string;
let dir: string;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'signum-cli-'));
  CA = readFileSync((await developmentCertificates(dir)).caFile, 'utf8');
  writeFileSync(join(dir, 'ca.crt'), CA);
  writeFileSync(join(dir, 'admin-key'), 'dev-admin-key\n');
  writeFileSync(join(dir, 'server.json'), '{"address":"https://localhost:18443","redisUrl":"r"}');
  writeFileSync(join(dir, 'key'), `${OWN_KEY}\n`);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function settings(options: object, env: Record<string, string> = {}, stdin = '') {
  const cli = { env: { SIGNUM_DEV_DIR: dir, ...env }, stdin: Readable.from([Buffer.from(stdin)]) };
  return clientSettings(cli, options);
}

test('without any setting the development server is called with its credentials', async () => {
  expect(await settings({})).toMatchObject({
    address: 'https://localhost:18443',
    apiKey: 'dev-admin-key',
    ca: CA,
  });
});

test('a named server never gets the development credentials', async () => {
  const env = { SIGNUM_ADDRESS: 'https://tokens.example.com' };
  for (const named of [
    await settings({ address: 'https://tokens.example.com' }),
    await settings({}, env),
  ]) {
    expect(named).toMatchObject({ address: 'https://tokens.example.com' });
    expect(named).not.toHaveProperty('apiKey');
    expect(named).not.toHaveProperty('ca');
    expect(named).not.toHaveProperty('dev');
  }
});

test('the development server may be called with another key, from a file, stdin or environment', async () => {
  const keyFile = join(dir, 'key');
  expect((await settings({ apiKeyFile: keyFile })).apiKey).toBe(OWN_KEY);
  expect((await settings({ apiKeyFile: '-' }, {}, 'from-stdin\n')).apiKey).toBe('from-stdin');
  expect((await settings({}, { SIGNUM_API_KEY: OWN_KEY })).apiKey).toBe(OWN_KEY);
  expect((await settings({}, { SIGNUM_API_KEY_FILE: keyFile })).apiKey).toBe(OWN_KEY);
});

test('options win over the environment', async () => {
  const env = { SIGNUM_ADDRESS: 'https://env.example.com', SIGNUM_API_KEY: OWN_KEY };
  const options = { address: 'https://option.example.com/', apiKeyFile: '-' };
  expect(await settings(options, env, 'option')).toMatchObject({
    address: 'https://option.example.com',
    apiKey: 'option',
  });
});

test('a token to act on is no setting', async () => {
  expect((await settings({}, { SIGNUM_TOKEN: 'x' })).apiKey).toBe('dev-admin-key');
});

test.each([
  ['a second line', `${OWN_KEY}\nhunter2`],
  ['a space', `${OWN_KEY} hunter2`],
  ['a letter of another script', `${OWN_KEY}é`],
])('an API key file with %s is refused without being quoted', async (_, content) => {
  const refused = settings({ apiKeyFile: '-' }, {}, content);
  await expect(refused).rejects.toMatchObject({
    reason: 'INVALID_FIELD',
    metadata: { field: '--api-key-file' },
    message: expect.not.stringMatching(/kkk|hunter2/),
  });
});

test('an API key file may have been written by any editor', async () => {
  const { apiKey } = await settings({ apiKeyFile: '-' }, {}, `\uFEFF${OWN_KEY}\r\n`);
  expect(apiKey).toBe(OWN_KEY);
});

test.each([
  ['an address that is no URL', { address: 'localhost:8443' }, '--address'],
  ['an address with a path', { address: 'https://host/prefix' }, '--address'],
  ['an address with a password', { address: 'https://a:b@host' }, '--address'],
  ['a CA file that is not there', { ca: '/nonexistent/ca' }, '--ca'],
  [
    'a CA file that is no PEM',
    { ca: fileURLToPath(new URL('../cli.ts', import.meta.url)) },
    '--ca',
  ],
  ['an API key file that is not there', { apiKeyFile: '/nonexistent/key' }, '--api-key-file'],
  ['a certificate without its key', { clientCert: '/nonexistent/cert' }, '--client-cert'],
])('%s is refused by the name of its option', async (_, options, field) => {
  await expect(settings(options)).rejects.toMatchObject({
    reason: 'INVALID_FIELD',
    metadata: { field },
  });
});

test('a misspelt variable is an error, not a silent default', async () => {
  await expect(settings({}, { SIGNUM_ADRESS: 'https://x' })).rejects.toThrow('SIGNUM_ADDRESS');
});

test('a key in clear over the network is noticed, on this machine it is not', async () => {
  const plain = { timeoutMs: 1, http1: true, apiKey: 'k' };
  expect(exposesCredential({ ...plain, address: 'http://tokens.example.com' })).toBe(true);
  expect(exposesCredential({ ...plain, address: 'http://[::1]:8080' })).toBe(false);
  expect(exposesCredential({ ...plain, address: 'https://tokens.example.com' })).toBe(false);
});
