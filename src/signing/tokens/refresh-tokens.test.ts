import { createHmac } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import {
  ACCESS_CLAIMS,
  compact,
  ISSUER,
  newSecret,
  REFRESH_CLAIMS,
  signingFixture,
} from '../../../test/setup/signing-fixture.ts';
import { RootSecrets } from '../../domain/root-secret.ts';
import { RefreshTokens } from './refresh-tokens.ts';

const OLD = newSecret();
const NEW = newSecret();
const tokensOf = (...secrets: string[]) =>
  new RefreshTokens({ issuer: ISSUER, rootSecrets: new RootSecrets(secrets) });
const ROOT = new RootSecrets([NEW]).current;
const TOKENS = tokensOf(NEW);
const TOKEN = TOKENS.sign(REFRESH_CLAIMS);
const INVALID = expect.objectContaining({ reason: 'TOKEN_INVALID' });

const HEADER = { alg: 'HS256', typ: 'rt+jwt', kid: ROOT.id };
const PAYLOAD = JSON.parse(Buffer.from(TOKEN.split('.')[1] ?? '', 'base64url').toString());

/** Signed with the right key, whatever it says. */
function signed(header: unknown, payload: unknown): string {
  const input = compact(header, payload, Buffer.alloc(0)).slice(0, -1);
  const key = ROOT.refreshKey().reveal();
  return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`;
}

test('a refresh token reads back as it was signed', () => {
  expect(TOKENS.read(TOKEN)).toEqual(REFRESH_CLAIMS);
  expect(TOKENS.read(signed(HEADER, PAYLOAD))).toEqual(REFRESH_CLAIMS);
});

test('jose verifies what is signed here, and the reverse', async () => {
  const key = ROOT.refreshKey().reveal();
  const currentDate = new Date(1_700_000_100_000);
  const { payload, protectedHeader } = await jwtVerify(TOKEN, key, { issuer: ISSUER, currentDate });
  expect(protectedHeader).toEqual(HEADER);
  expect(Object.keys(payload).join()).toBe('iss,sub,tid,did,sid,ati,gen,iat,exp');
  const theirs = await new SignJWT(payload).setProtectedHeader(HEADER).sign(key);
  expect(theirs).toBe(TOKEN);
});

test('after a change of the root secret old tokens are read and new ones signed anew', () => {
  const old = tokensOf(OLD).sign(REFRESH_CLAIMS);
  const both = tokensOf(NEW, OLD);
  expect(both.read(old)).toEqual(REFRESH_CLAIMS);
  expect(both.sign(REFRESH_CLAIMS)).toBe(TOKEN);
  expect(() => tokensOf(NEW).read(old)).toThrow(INVALID);
});

test('an access token is not a refresh token, nor the reverse', async () => {
  const { signing } = await signingFixture({ rootSecrets: new RootSecrets([NEW]) });
  const access = await signing.signAccess(ACCESS_CLAIMS, signing.currentKeyId());
  expect(signing.looksLikeRefresh(access)).toBe(false);
  await expect(signing.readRefresh(access)).rejects.toMatchObject({ reason: 'TOKEN_INVALID' });
  expect(signing.looksLikeRefresh(TOKEN)).toBe(true);
  expect(signing.readAccess(TOKEN)).toBe('MALFORMED');
  const disguised = signed(
    { ...HEADER, typ: 'at+jwt' },
    { ...PAYLOAD, jti: PAYLOAD.ati, aud: 'a' },
  );
  const unverified = signing.readAccess(disguised);
  if (typeof unverified === 'string') throw new Error(unverified);
  expect(await signing.verifyAccess(disguised, unverified)).toBe(false);
  expect(() => TOKENS.read(disguised)).toThrow(INVALID);
});

describe('a refresh token is invalid, even rightly signed, with', () => {
  test.each([
    { ...HEADER, alg: 'none' },
    { ...HEADER, alg: 'HS512' },
    { ...HEADER, alg: 'ES256' },
    { ...HEADER, typ: 'JWT' },
    { ...HEADER, kid: '__proto__' },
    { ...HEADER, kid: '00000000' },
    { ...HEADER, crit: ['b64'], b64: false },
    { ...HEADER, jwk: { kty: 'oct', k: 'AA' } },
    { typ: 'rt+jwt', alg: 'HS256', kid: ROOT.id },
    '{"alg":"HS256","alg":"HS256","typ":"rt+jwt","kid":"x"}',
  ])('the header %j', (header) => {
    expect(() => TOKENS.read(signed(header, PAYLOAD))).toThrow(INVALID);
  });

  test.each([
    { iss: 'https://other.example' },
    { iss: undefined },
    { sub: '' },
    { tid: 1 },
    { did: '\ud800' },
    { sid: 'x' },
    { ati: undefined },
    { gen: -1 },
    { gen: 1.5 },
    { gen: '3' },
    { iat: null },
    { exp: undefined },
    { exp: '1700600000' },
    { exp: -1 },
  ])('the claims %j', (change) => {
    expect(() => TOKENS.read(signed(HEADER, { ...PAYLOAD, ...change }))).toThrow(INVALID);
  });

  test.each([
    ['a duplicate name', `${JSON.stringify(PAYLOAD).slice(0, -1)},"gen":4}`],
    ['white space', JSON.stringify(PAYLOAD, null, 1)],
    ['no object', '[]'],
    ['no JSON', '{'],
  ])('%s', (_, text) => {
    expect(() => TOKENS.read(signed(HEADER, text))).toThrow(INVALID);
  });
});

test('a refresh token in another spelling, altered, or signed by someone else is invalid', () => {
  const [header, payload = '', signature = ''] = TOKEN.split('.');
  const last = signature.at(-1) ?? '';
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const spellings = [...alphabet.replace(last, '')].map((end) => TOKEN.slice(0, -1) + end);
  const forged = createHmac('sha256', OLD).update(`${header}.${payload}`).digest('base64url');
  const tokens = [
    ...spellings,
    `${TOKEN}=`,
    `${TOKEN} `,
    ` ${TOKEN}`,
    `Bearer ${TOKEN}`,
    `${header}.${payload}.`,
    `${header}.${payload}`,
    `${header}.${payload}.${forged}`,
    `${header}.${payload}.${signature}.${signature}`,
    `${header}.A${payload}.${signature}`,
    `${TOKEN}${'A'.repeat(4096)}`,
    '',
  ];
  for (const token of tokens) expect(() => TOKENS.read(token)).toThrow(INVALID);
});

test('the type of a token is told from any text without failing', () => {
  expect(TOKENS.looksLike(TOKEN)).toBe(true);
  for (const text of ['', '.', '..', 'a.b.c', `${TOKEN}=.`, 'x'.repeat(10_000), '\ud800.é.\0']) {
    expect(TOKENS.looksLike(text)).toBe(false);
  }
});
