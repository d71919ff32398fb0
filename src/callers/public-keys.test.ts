import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { SignumError } from '../domain/errors.ts';
import { readJwks } from './public-keys.ts';

const ec = (namedCurve = 'P-256') => generateKeyPairSync('ec', { namedCurve });
const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength }).publicKey;
const pair = ec();
const KEY = pair.publicKey.export({ format: 'jwk' });
const jwks = (...keys: unknown[]) => JSON.stringify({ keys });

describe('reading the public keys of a caller', () => {
  it('keeps names, and names by its thumbprint what has none', () => {
    const [named, unnamed] = readJwks(jwks({ ...KEY, kid: 'a/b+c=' }, KEY));
    expect(named?.kid).toBe('a/b+c=');
    expect(unnamed?.kid).toMatch(/^[\w-]{43}$/);
  });

  it('takes none, and what libraries export along', () => {
    expect(readJwks('{"keys":[]}')).toEqual([]);
    expect(readJwks(jwks({ ...KEY, use: 'sig', key_ops: ['verify'], ext: true }))).toHaveLength(1);
    expect(readJwks(jwks({ ...KEY, alg: 'ES256' }))).toHaveLength(1);
    expect(readJwks(jwks(rsa(2048).export({ format: 'jwk' })))).toHaveLength(1);
  });

  it.each<[string, string, string]>([
    ['a private key', jwks(pair.privateKey.export({ format: 'jwk' })), 'jwks.keys[0]'],
    ['an empty private member', jwks(KEY, { ...KEY, d: '' }), 'jwks.keys[1]'],
    ['a secret', jwks({ kty: 'oct', k: 'AAAA' }), 'jwks.keys[0]'],
    ['a weak key', jwks(rsa(1024).export({ format: 'jwk' })), 'jwks.keys[0]'],
    ['another curve', jwks(ec('P-384').publicKey.export({ format: 'jwk' })), 'jwks.keys[0]'],
    ['a key for encryption', jwks({ ...KEY, use: 'enc' }), 'jwks.keys[0]'],
    ['a key to sign with', jwks({ ...KEY, key_ops: ['sign'] }), 'jwks.keys[0]'],
    ['a key for another algorithm', jwks({ ...KEY, alg: 'ES384' }), 'jwks.keys[0]'],
    ['a certificate', jwks({ ...KEY, x5c: ['MIIB'] }), 'jwks.keys[0]'],
    ['a point off its curve', jwks({ ...KEY, y: KEY.x }), 'jwks.keys[0]'],
    ['a name with a space', jwks({ ...KEY, kid: 'a b' }), 'jwks.keys[0]'],
    ['a name that is none', jwks({ ...KEY, kid: 7 }), 'jwks.keys[0]'],
    ['no object', jwks('EC'), 'jwks.keys[0]'],
    ['one key twice', jwks(KEY, KEY), 'jwks'],
    ['five keys', jwks(...'abcde'.split('').map((kid) => ({ ...KEY, kid }))), 'jwks'],
    ['too many bytes', `${jwks(KEY)}${' '.repeat(8_192)}`, 'jwks'],
    ['a key alone', JSON.stringify(KEY), 'jwks'],
    ['more than keys', JSON.stringify({ keys: [], jwks_uri: 'https://a.example' }), 'jwks'],
    ['keys twice', '{"keys":[],"keys":[]}', 'jwks'],
    ['no JSON', 'PEM', 'jwks'],
    ['nothing', '', 'jwks'],
  ])('refuses %s, and quotes none of it', (_what, text, field) => {
    const read = () => readJwks(text);
    expect(read).toThrow(SignumError);
    expect(read).toThrow(expect.objectContaining({ metadata: expect.objectContaining({ field }) }));
    expect(read).not.toThrow(new RegExp(`${KEY.x}`));
  });
});
