import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ACCESS_CLAIMS, compact, ISSUER } from '../../../test/setup/signing-fixture.ts';
import { ALGORITHMS } from './algorithm.ts';
import { MAX_TOKEN_LENGTH } from './compact.ts';
import { AccessReader } from './read-access.ts';

const HEADER = { alg: 'ES256', typ: 'at+jwt', kid: 'k1' };
const PAYLOAD = {
  iss: ISSUER,
  aud: 'api',
  sub: 'ada',
  tid: 'acme',
  did: 'phone 📱',
  sid: ACCESS_CLAIMS.sessionId,
  jti: ACCESS_CLAIMS.tokenId,
  iat: 1_700_000_000,
  exp: 1_700_000_900,
  scope: 'read write',
  client_id: 'auth-service',
  plan: 'gold',
};
const PAYLOAD_TEXT = JSON.stringify(PAYLOAD);
const THUMBPRINT = '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I';
const SIGNATURE = Buffer.alloc(64, 7);

const read = (token: string) => new AccessReader(ISSUER).read(token);
const withHeader = (header: unknown) => compact(header, PAYLOAD, SIGNATURE);
const withPayload = (payload: unknown) => compact(HEADER, payload, SIGNATURE);
const withClaims = (claims: object) => withPayload({ ...PAYLOAD, ...claims });
const TOKEN = withHeader(HEADER);

test('a token in canonical form is read, whoever signed it', () => {
  expect(read(TOKEN)).toEqual({ claims: ACCESS_CLAIMS, keyId: 'k1', algorithm: 'ES256' });
});

test('claims may be in any order, and optional ones absent', () => {
  const { scope: _, plan: __, client_id: ___, ...required } = PAYLOAD;
  const reversed = Object.fromEntries(Object.entries(required).reverse());
  expect(read(withPayload(reversed))).toMatchObject({ claims: { scopes: [], claims: {} } });
  expect(read(withClaims({ aud: ['a', 'b'], nbf: 5 }))).toMatchObject({
    claims: { audiences: ['a', 'b'] },
  });
});

test.each(ALGORITHMS)('the algorithm %s is known', (alg) => {
  expect(read(withHeader({ ...HEADER, alg }))).toMatchObject({ algorithm: alg });
});

test('custom claims named like parts of an object are plain data', () => {
  const text = `${PAYLOAD_TEXT.slice(0, -1)},"__proto__":{"admin":true},"constructor":1}`;
  const unverified = read(withPayload(text));
  if (typeof unverified === 'string') throw new Error(unverified);
  const { claims } = unverified.claims;
  expect(Object.getPrototypeOf(claims)).toBe(Object.prototype);
  expect(Object.entries(claims)).toEqual([
    ['plan', 'gold'],
    ['__proto__', { admin: true }],
    ['constructor', 1],
  ]);
});

test.each(['jkt', 'x5t#S256'])('a token that is bound by %s says to which key', (method) => {
  const confirmation = { method, thumbprint: THUMBPRINT };
  expect(read(withClaims({ cnf: { [method]: THUMBPRINT } }))).toMatchObject({
    claims: { confirmation },
  });
});

describe('a token is malformed if its header', () => {
  test.each([
    ...['none', 'None', 'NONE', 'nOnE', '', 'es256', 'ES384', 'HS1', 'RSA-OAEP', 'dir'].map(
      (alg) => ({ ...HEADER, alg }),
    ),
    { typ: 'at+jwt', kid: 'k1' },
    { ...HEADER, alg: null },
    { ...HEADER, alg: ['ES256'] },
    { alg: 'ES256', kid: 'k1' },
    ...['JWT', 'jwt', 'AT+JWT', 'application/at+jwt', 'rt+jwt', 'dpop+jwt', 1].map((typ) => ({
      ...HEADER,
      typ,
    })),
    { alg: 'ES256', typ: 'at+jwt' },
    ...['', '../../../dev/null', "' OR 1=1 --", 'a\u0000b', 'k'.repeat(129), 'k\n', 'ключ', 7].map(
      (kid) => ({ ...HEADER, kid }),
    ),
    { ...HEADER, jku: 'https://evil.example/jwks.json' },
    { ...HEADER, x5u: 'https://evil.example/cert.pem' },
    { ...HEADER, x5c: ['MIIB'] },
    { ...HEADER, jwk: { kty: 'oct', k: 'AAAA' } },
    { ...HEADER, crit: ['exp'], exp: 1 },
    { ...HEADER, crit: [] },
    { ...HEADER, b64: false },
    { ...HEADER, b64: false, crit: ['b64'] },
    { ...HEADER, zip: 'DEF' },
    { ...HEADER, cty: 'JWT' },
    { ...HEADER, enc: 'A256GCM' },
    { kid: 'k1', typ: 'at+jwt', alg: 'ES256' },
    '{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"k1"}',
    '{"alg":"ES256","alg":"ES256","typ":"at+jwt","kid":"k1"}',
    '{"alg":"\\u0045S256","typ":"at+jwt","kid":"k1"}',
    '{"alg":"ES256", "typ":"at+jwt","kid":"k1"}',
    '{"alg":"ES256","typ":"at+jwt","kid":"k1"}\n',
    '\uFEFF{"alg":"ES256","typ":"at+jwt","kid":"k1"}',
    '{"alg":"ES256","typ":"at+jwt","kid":"k1"}\u0000',
    '{"__proto__":{"alg":"ES256"},"typ":"at+jwt","kid":"k1"}',
    '["ES256","at+jwt","k1"]',
    'null',
    '{}',
    '{',
  ])('is %j', (header) => {
    expect(read(withHeader(header))).toBe('MALFORMED');
  });

  test('names a key id of 10 KB', () => {
    expect(read(withHeader({ ...HEADER, kid: 'k'.repeat(10_240) }))).toBe('MALFORMED');
  });
});

test('a key id named like a part of an object is read as any other', () => {
  expect(read(withHeader({ ...HEADER, kid: '__proto__' }))).toMatchObject({ keyId: '__proto__' });
});

describe('a token is malformed if its claims', () => {
  const without = (name: keyof typeof PAYLOAD) => {
    const { [name]: _, ...rest } = PAYLOAD;
    return rest;
  };
  const spelled = (name: 'exp' | 'iat', text: string) =>
    PAYLOAD_TEXT.replace(new RegExp(`"${name}":\\d+`), `"${name}":${text}`);

  test.each(['iss', 'aud', 'sub', 'tid', 'did', 'sid', 'jti', 'iat', 'exp'] as const)(
    'have no %s',
    (name) => {
      expect(read(withPayload(without(name)))).toBe('MALFORMED');
    },
  );

  test.each(['exp', 'iat'] as const)('have no whole, non-negative number as %s', (name) => {
    const texts = ['"1700000900"', '1700000900.5', '1700000900.0', '1e400', '-1', '-0', '1e9'];
    texts.push('9007199254740993', '1e21', 'null', 'true', '[1]', '{}', '01', '0x10', 'NaN');
    const verdicts = texts.map((text) => read(withPayload(spelled(name, text))));
    expect(new Set(verdicts)).toEqual(new Set(['MALFORMED']));
  });

  test.each([
    { iss: 1 },
    { iss: null },
    { iss: [ISSUER] },
    { aud: [] },
    { aud: '' },
    { aud: ['api', 1] },
    { aud: ['api', ''] },
    { aud: { 0: 'api' } },
    { sub: '' },
    { sub: 7 },
    { sub: 'a\u0000b' },
    { tid: 'line\nbreak' },
    { did: 'x'.repeat(257) },
    { did: '\ud800' },
    { sub: 'a\udc00b' },
    { plan: '\ud800' },
    { plan: { deep: ['\\\udfff'] } },
    { sid: 'not-a-uuid' },
    { jti: ACCESS_CLAIMS.tokenId.toUpperCase() },
    { jti: `${ACCESS_CLAIMS.tokenId} ` },
    { nbf: '5' },
    { nbf: -5 },
    { nbf: 1.5 },
    { nbf: null },
    { scope: '' },
    { scope: ' read' },
    { scope: 'read  write' },
    { scope: ['read'] },
    { scope: null },
    { client_id: '' },
    { client_id: null },
    { client_id: 7 },
    { client_id: ['auth-service'] },
    { client_id: 'clïent' },
    { client_id: 'line\nbreak' },
    { client_id: 'c'.repeat(257) },
    { auth_time: -1 },
    { auth_time: 1.5 },
    { auth_time: '1700000000' },
    { auth_time: null },
    { acr: '' },
    { acr: 'a b' },
    { acr: ['a'] },
    { amr: [] },
    { amr: 'pwd' },
    { amr: ['pwd', 7] },
    { amr: [''] },
    { cnf: {} },
    { cnf: null },
    { cnf: 'jkt' },
    { cnf: { jkt: 'short' } },
    { cnf: { jkt: THUMBPRINT, kid: 'k' } },
    { cnf: { jwk: { kty: 'oct', k: 'AAAA' } } },
  ])('hold %j', (claims) => {
    expect(read(withClaims(claims))).toBe('MALFORMED');
  });

  test.each([
    ['an array', '[]'],
    ['null', 'null'],
    ['a string', '"x"'],
    ['nothing', ''],
    ['a duplicate name', `${PAYLOAD_TEXT.slice(0, -1)},"exp":9999999999}`],
    ['a duplicate name first', PAYLOAD_TEXT.replace('{', '{"sub":"eve",')],
    ['a nested duplicate name', `${PAYLOAD_TEXT.slice(0, -1)},"x":{"a":1,"a":2}}`],
    ['a byte order mark', `\uFEFF${PAYLOAD_TEXT}`],
    ['white space', PAYLOAD_TEXT.replace(',', ', ')],
    ['a trailing NUL', `${PAYLOAD_TEXT}\u0000`],
    ['two values', `${PAYLOAD_TEXT}${PAYLOAD_TEXT}`],
    ['a needless escape', PAYLOAD_TEXT.replace('"ada"', '"\\u0061da"')],
    ['an escaped slash', PAYLOAD_TEXT.replace('https://', 'https:\\/\\/')],
    ['an unreadable number', `${PAYLOAD_TEXT.slice(0, -1)},"x":1e400}`],
  ])('are written as %s', (_, text) => {
    expect(read(withPayload(text))).toBe('MALFORMED');
  });

  test('are not valid UTF-8', () => {
    const bytes = Buffer.from(PAYLOAD_TEXT.replace('ada', 'aXa'));
    for (const invalid of [0xff, 0xc0, 0x80, 0xed]) {
      bytes[bytes.indexOf('aXa') + 1] = invalid;
      const [header, , signature] = TOKEN.split('.');
      expect(read(`${header}.${bytes.toString('base64url')}.${signature}`)).toBe('MALFORMED');
    }
  });

  test('are nested deeper than any stack', () => {
    const depth = 1100;
    const text = `${PAYLOAD_TEXT.slice(0, -1)},"x":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    expect(() => read(withPayload(text))).not.toThrow();
  });
});

test('text that only looks like half a surrogate pair is no reason to refuse', () => {
  const claims = { path: 'C:\\udata', more: '\\\\ud800', emoji: '😀' };
  expect(read(withClaims(claims))).toMatchObject({ claims: { claims } });
});

test('another issuer is told apart from a malformed token', () => {
  expect(read(withClaims({ iss: 'https://other.example' }))).toBe('WRONG_ISSUER');
  expect(read(withClaims({ iss: `${ISSUER}/` }))).toBe('WRONG_ISSUER');
});

describe('a token is malformed if it is spelled with', () => {
  const [header = '', payload = '', signature = ''] = TOKEN.split('.');

  test.each([
    ['a Bearer prefix', `Bearer ${TOKEN}`],
    ['white space before', ` ${TOKEN}`],
    ['white space after', `${TOKEN}\n`],
    ['white space inside the signature', `${TOKEN.slice(0, -4)} ${TOKEN.slice(-4)}`],
    ['padding', `${TOKEN}==`],
    ['padding of the header', `${header}=.${payload}.${signature}`],
    ['no signature', `${header}.${payload}.`],
    ['no signature segment', `${header}.${payload}`],
    ['no payload', `${header}..${signature}`],
    ['no header', `.${payload}.${signature}`],
    ['four segments', `${TOKEN}.${signature}`],
    ['five segments, as a JWE', `${header}.AA.AA.AA.AA`],
    ['a leading dot', `.${TOKEN}`],
    ['a trailing dot', `${TOKEN}.`],
    ['base64 characters', `${header}.${payload}.${'+/'.repeat(43)}`],
    ['a character beyond Latin', `${header}.${payload}.${signature.slice(0, -1)}ŁA`],
    ['a NUL', `${TOKEN}\u0000`],
    ['nothing', ''],
    ['dots only', '..'],
    ['the JSON serialisation', JSON.stringify({ protected: header, payload, signature })],
  ])('%s', (_, token) => {
    expect(read(token)).toBe('MALFORMED');
  });

  test('unused bits set at the end of any segment', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    // A segment has unused bits if its length in bytes is no multiple of three.
    const fill = (value: object, size: number) =>
      '~'.repeat((size + 3 - (Buffer.byteLength(JSON.stringify(value)) % 3)) % 3);
    let variants = 0;
    for (const size of [1, 2]) {
      const did = `d${fill({ ...PAYLOAD, did: 'd' }, size)}`;
      const kid = `k${fill({ ...HEADER, kid: 'k' }, size).replaceAll('~', 'k')}`;
      const token = compact({ ...HEADER, kid }, { ...PAYLOAD, did }, Buffer.alloc(63 + size, 7));
      expect(read(token)).not.toBe('MALFORMED');
      const segments = token.split('.');
      for (const [index, segment] of segments.entries()) {
        for (const last of alphabet.replace(segment.at(-1) ?? '', '')) {
          const spelling = segment.slice(0, -1) + last;
          const same = Buffer.from(segment, 'base64url').equals(Buffer.from(spelling, 'base64url'));
          if (!same) continue;
          variants += 1;
          expect(read(segments.with(index, spelling).join('.'))).toBe('MALFORMED');
        }
      }
    }
    expect(variants).toBe(3 * (15 + 3));
  });

  test('more than 4096 characters', () => {
    const long = (bytes: number) => withClaims({ plan: 'x'.repeat(bytes) });
    expect(long(2570).length).toBeLessThanOrEqual(MAX_TOKEN_LENGTH);
    expect(read(long(2570))).not.toBe('MALFORMED');
    expect(read(long(4096))).toBe('MALFORMED');
    expect(read('a'.repeat(50_000_000))).toBe('MALFORMED');
  });
});

test('whatever text is presented, reading it neither throws nor accepts a second spelling', () => {
  const parts = [TOKEN, ...TOKEN.split('.'), '.', '=', ' ', 'eyJhbGciOiJub25lIn0', 'A', '_'];
  const texts = fc.array(fc.oneof(fc.constantFrom(...parts), fc.string({ unit: 'binary' })), {
    maxLength: 6,
  });
  fc.assert(
    fc.property(texts, (pieces) => {
      const token = pieces.join('');
      const result = read(token);
      if (typeof result === 'object')
        expect(token.split('.').slice(0, 2)).toEqual(TOKEN.split('.').slice(0, 2));
    }),
  );
});

test('a token is read before its signature is looked at', () => {
  const hmac = createHmac('sha256', 'anything').update('x').digest();
  expect(read(compact(HEADER, PAYLOAD, hmac))).toMatchObject({ keyId: 'k1' });
});
