import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { newSecret } from '../../../test/setup/signing-fixture.ts';
import { RootSecret } from '../../domain/root-secret.ts';
import { createFingerprint } from './access-tokens.ts';

const TOKEN = 'eyJhbGciOiJFUzI1NiJ9.e30.AAAA';

test('a token has one fingerprint under a root secret, and another one under another', () => {
  const secret = newSecret();
  const [one, again, other] = [secret, secret, newSecret()].map((text) =>
    createFingerprint(new RootSecret(text))(TOKEN),
  );
  expect(one).toMatch(/^[A-Za-z0-9_-]{22}$/);
  expect(again).toBe(one);
  expect(other).not.toBe(one);
});

test('it is no hash that somebody without the root secret could compute', () => {
  const fingerprint = createFingerprint(new RootSecret(newSecret()))(TOKEN);
  for (const algorithm of ['sha256', 'sha512-256', 'sha512']) {
    const bare = createHash(algorithm).update(TOKEN).digest('base64url');
    expect(fingerprint).not.toBe(bare.slice(0, fingerprint.length));
  }
});

test('it changes with every character', () => {
  const fingerprint = createFingerprint(new RootSecret(newSecret()));
  expect(fingerprint(`${TOKEN}A`)).not.toBe(fingerprint(TOKEN));
  expect(fingerprint(TOKEN.replace('e30', 'e31'))).not.toBe(fingerprint(TOKEN));
});
