import { hkdfSync, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { RootSecret, RootSecrets } from './root-secret.ts';

const TEXT = 'q83vEjRWeJASNFZ4kBI0VniQEjRWeJASNFZ4kBI0Vng';

test('keys are derived by HKDF-SHA256 under a label each', () => {
  const derive = (label: string) => new Uint8Array(hkdfSync('sha256', TEXT, '', label, 32));
  const root = new RootSecret(TEXT);
  expect(root.refreshKey().reveal()).toEqual(derive('signum refresh v1'));
  expect(root.keyEncryptionKey().reveal()).toEqual(derive('signum kek v1'));
  expect(root.callerPepper().reveal()).toEqual(derive('signum caller pepper v1'));
  expect(root.fingerprintKey().reveal()).toEqual(derive('signum fingerprint v1'));
});

test('the id is eight hexadecimal digits, the same on every server', () => {
  expect(new RootSecret(TEXT).id).toMatch(/^[0-9a-f]{8}$/);
  expect(new RootSecret(` ${TEXT}\n`).id).toBe(new RootSecret(TEXT).id);
});

test('the first secret is current, and all are found by id', () => {
  const texts = [randomBytes(32), randomBytes(32)].map((bytes) => bytes.toString('base64url'));
  const roots = new RootSecrets(texts);
  expect(roots.current).toBe(roots.all[0]);
  expect(roots.all.map(({ id }) => roots.find(id))).toEqual(roots.all);
  expect(roots.find('__proto__')).toBeUndefined();
});

test.each([
  ['is empty', ''],
  ['is a short text', 'correct horse battery staple!'],
  ['is base64url of 31 bytes', randomBytes(31).toString('base64url')],
  ['is base64 of 24 bytes', `${randomBytes(23).toString('base64')}`],
  ['is 128 random bits in hexadecimal', randomBytes(16).toString('hex')],
  ['repeats itself', 'abc!'.repeat(20)],
  ['repeats a word', 'changeme-'.repeat(5)],
  ['repeats a word, cut off', 'zUr8-Kp4_w'.repeat(5).slice(0, 47)],
  [
    'is a variable that was not filled in',
    '$' + '{SIGNUM_SECRET_FROM_THE_SECRET_STORE_OF_PRODUCTION}',
  ],
  ['is a command that was not run', '$(openssl rand -base64 32 | tr -d something)'],
  ['is a template that was not filled in', '{{ .Values.signum.rootSecret | quote }} and more'],
  ['asks for a secret', '<put your 32 random bytes here, in base64url>'],
  ['asks for another', 'please-replace-me-with-32-random-bytes-0Xk3q'],
  ['calls itself yours', 'your_secret_key_goes_here_and_is_long_enough_1'],
  ['is the alphabet', 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJK'],
])('a secret that %s is refused', (_, text) => {
  expect(() => new RootSecrets([text])).toThrow(
    expect.objectContaining({ reason: 'INVALID_FIELD' }),
  );
});

test('no secret, and the same secret twice, are refused', () => {
  const refused = expect.objectContaining({ reason: 'INVALID_FIELD' });
  expect(() => new RootSecrets([])).toThrow(refused);
  expect(() => new RootSecrets([TEXT, `${TEXT}\n`])).toThrow(refused);
});

test.each([
  ['base64url', randomBytes(32).toString('base64url')],
  ['base64', randomBytes(32).toString('base64')],
  ['hexadecimal', randomBytes(32).toString('hex')],
  ['other text', 'Ten tired owls; 9 brave foxes & a hat!'],
])('a secret may be %s', (_, text) => {
  expect(new RootSecrets([text]).all).toHaveLength(1);
});

test('printing root secrets shows none of them', () => {
  const roots = new RootSecrets([TEXT]);
  const options = { depth: null, showHidden: true };
  expect(inspect(roots, options) + JSON.stringify(roots)).not.toContain(TEXT.slice(0, 8));
});

test('random secrets of every usual spelling are taken', () => {
  for (let n = 0; n < 200; n++) {
    const bytes = randomBytes(32);
    for (const text of ['base64url', 'base64', 'hex'] as const) {
      expect(() => new RootSecret(bytes.toString(text))).not.toThrow();
    }
  }
});
