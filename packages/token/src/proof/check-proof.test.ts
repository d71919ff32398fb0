import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import * as dpop from 'dpop';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { compact } from '../../../../test/setup/signing-fixture.ts';
import { type CheckedProof, createProofCheck, type ProofFault } from './check-proof.ts';
import { PROOF_ALGORITHMS } from './proof-key.ts';

const EXPECTED = { method: 'GET', uri: 'https://api.example/orders' };
const TOKEN = 'an.access.token';
const CLAIMS = { jti: 'id-1', htm: 'GET', htu: EXPECTED.uri, iat: 1_700_000_000 };

const check = createProofCheck({ ageS: 60, skewS: 5 });

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const JWK_PUBLIC = publicKey.export({ format: 'jwk' });
const HEADER = { typ: 'dpop+jwt', alg: 'ES256', jwk: JWK_PUBLIC };

/** A proof of the given parts, its signature by the test's key. */
function signed(header: unknown, claims: unknown, key = privateKey): string {
  const [head, payload] = compact(header, claims, Buffer.alloc(0)).split('.');
  const input = `${head}.${payload}`;
  const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

function accepted(result: CheckedProof | ProofFault): CheckedProof {
  if (typeof result === 'string') throw new Error(result);
  return result;
}

describe('a proof made by a stock library', () => {
  test.each(['ES256', 'Ed25519', 'RS256', 'PS256'] as const)(
    'dpop, with %s, is right and names the key that RFC 7638 names',
    async (algorithm) => {
      const pair = await dpop.generateKeyPair(algorithm, { extractable: true });
      const proof = await dpop.generateProof(pair, EXPECTED.uri, 'GET', 'a-nonce', TOKEN);
      const result = accepted(check(proof, { ...EXPECTED, accessToken: TOKEN }));
      expect(result.thumbprint).toBe(await dpop.calculateThumbprint(pair.publicKey));
      expect(result.nonce).toBe('a-nonce');
      expect(check(proof, { ...EXPECTED, accessToken: TOKEN })).toEqual(result);
    },
  );

  test.each(PROOF_ALGORITHMS)('jose, with %s, is right', async (alg) => {
    const pair = await generateKeyPair(alg, { extractable: true });
    const jwk = await exportJWK(pair.publicKey);
    const proof = await new SignJWT(CLAIMS)
      .setProtectedHeader({ typ: 'dpop+jwt', alg, jwk: jwk as JWK })
      .sign(pair.privateKey);
    expect(accepted(check(proof, EXPECTED)).thumbprint).toBe(await calculateJwkThumbprint(jwk));
  });

  test('the example of RFC 9449 section 4.1 is right', () => {
    const proof =
      'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg';
    const result = check(proof, { method: 'POST', uri: 'https://server.example.com/token' });
    expect(accepted(result).thumbprint).toBe('0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I');
  });

  test('spacing, escapes and claims of no concern do not matter', () => {
    const header = JSON.stringify(HEADER, null, 1);
    const claims = `{ "x": {"a": "}"}, "jti": "id-1", "htm": "GET", "iat": 1700000000.5,
      "htu": "https:\\/\\/api.example\\/orders" }`;
    expect(check(signed(header, claims), EXPECTED)).toMatchObject({ proofId: 'id-1' });
  });

  test('what the key is called does not matter', () => {
    const plain = accepted(check(signed(HEADER, CLAIMS), EXPECTED));
    expect(check(signed({ ...HEADER, kid: 'k' }, CLAIMS), EXPECTED)).toEqual(plain);
  });

  test.each([
    ['EdDSA', 'Ed25519'],
    ['Ed25519', 'EdDSA'],
  ])('a key for %s is one for %s', async (bound, alg) => {
    const pair = await generateKeyPair('Ed25519', { extractable: true });
    const jwk = { ...(await exportJWK(pair.publicKey)), alg: bound } as JWK;
    const proof = await new SignJWT(CLAIMS)
      .setProtectedHeader({ typ: 'dpop+jwt', alg, jwk })
      .sign(pair.privateKey);
    accepted(check(proof, EXPECTED));
  });

  test('what WebCrypto exports along with a key does not matter', () => {
    const jwk = {
      ...JWK_PUBLIC,
      ext: true,
      key_ops: ['verify'],
      use: 'sig',
      kid: 'k',
      alg: 'ES256',
    };
    const plain = accepted(check(signed(HEADER, CLAIMS), EXPECTED));
    expect(check(signed({ ...HEADER, jwk }, CLAIMS), EXPECTED)).toEqual(plain);
  });
});

describe('a proof holds', () => {
  test.each<[string, object, [number, number]]>([
    [
      'from its making, less what clocks may differ, for its age',
      {},
      [1_699_999_995, 1_700_000_060],
    ],
    ['no longer than it says', { exp: 1_700_000_010 }, [1_699_999_995, 1_700_000_010]],
    ['no sooner than it says', { nbf: 1_700_000_020 }, [1_700_000_015, 1_700_000_060]],
    [
      'no longer than its age, whatever it says',
      { exp: 9e9, nbf: 1 },
      [1_699_999_995, 1_700_000_060],
    ],
  ])('%s', (_what, claims, [fromS, untilS]) => {
    expect(check(signed(HEADER, { ...CLAIMS, ...claims }), EXPECTED)).toMatchObject({
      fromS,
      untilS,
    });
  });
});

describe('a proof is malformed if its header', () => {
  const rsa = (modulusLength: number, publicExponent = 65_537) =>
    generateKeyPairSync('rsa', { modulusLength, publicExponent }).publicKey.export({
      format: 'jwk',
    });
  const privateJwk = privateKey.export({ format: 'jwk' });
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey;
  const ed448 = generateKeyPairSync('ed448').publicKey.export({ format: 'jwk' });
  const ed25519 = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
  const { y, ...withoutY } = JWK_PUBLIC;

  test.each<[string, unknown]>([
    ['has no typ', { alg: 'ES256', jwk: JWK_PUBLIC }],
    ['has another typ', { ...HEADER, typ: 'JWT' }],
    ['has a typ in capitals', { ...HEADER, typ: 'DPOP+JWT' }],
    ['is that of an access token', { ...HEADER, typ: 'at+jwt' }],
    ['names no algorithm', { typ: 'dpop+jwt', jwk: JWK_PUBLIC }],
    ...['none', 'None', 'HS256', 'ES384', 'es256', ['ES256'], null].map(
      (alg): [string, unknown] => [`names the algorithm ${alg}`, { ...HEADER, alg }],
    ),
    ['has no key', { typ: 'dpop+jwt', alg: 'ES256' }],
    ['has a key that is no object', { ...HEADER, jwk: 'EC' }],
    ['has a list of keys', { ...HEADER, jwk: [JWK_PUBLIC] }],
    ['has a private key', { ...HEADER, jwk: privateJwk }],
    ['has an empty private member', { ...HEADER, jwk: { ...JWK_PUBLIC, d: '' } }],
    ['has a symmetric key', { ...HEADER, alg: 'HS256', jwk: { kty: 'oct', k: 'AAAA' } }],
    ['hides a symmetric key', { ...HEADER, jwk: { ...JWK_PUBLIC, k: 'AAAA' } }],
    ['has a key of another type', { ...HEADER, jwk: ed25519 }],
    ['has a key of another curve', { ...HEADER, jwk: p384.export({ format: 'jwk' }) }],
    ['has a key of an unknown curve', { ...HEADER, alg: 'EdDSA', jwk: ed448 }],
    ['has a key type named like a part of an object', { ...HEADER, jwk: { kty: 'constructor' } }],
    ['has a point off the curve', { ...HEADER, jwk: { ...JWK_PUBLIC, y: JWK_PUBLIC.x } }],
    ['has half a point', { ...HEADER, jwk: withoutY }],
    ['has a padded coordinate', { ...HEADER, jwk: { ...JWK_PUBLIC, y: `${y}=` } }],
    ['has a short coordinate', { ...HEADER, jwk: { ...JWK_PUBLIC, y: 'AAAA' } }],
    ['has a weak key', { ...HEADER, alg: 'RS256', jwk: rsa(1024) }],
    ['has a short exponent', { ...HEADER, alg: 'RS256', jwk: rsa(2048, 3) }],
    [
      'has a key that is costly',
      { ...HEADER, alg: 'RS256', jwk: { ...rsa(2048), n: 'f'.repeat(1_368) } },
    ],
    ['has a key for encryption', { ...HEADER, jwk: { ...JWK_PUBLIC, use: 'enc' } }],
    ['has a key for signing only', { ...HEADER, jwk: { ...JWK_PUBLIC, key_ops: ['sign'] } }],
    ['has a key for another algorithm', { ...HEADER, jwk: { ...JWK_PUBLIC, alg: 'ES384' } }],
    ['has a certificate with the key', { ...HEADER, jwk: { ...JWK_PUBLIC, x5c: ['MIIB'] } }],
    ['names a key set', { ...HEADER, jku: 'https://evil.example/jwks.json' }],
    ['names a key by what is no name', { ...HEADER, kid: 7 }],
    ['has a certificate', { ...HEADER, x5c: ['MIIB'] }],
    ['has something critical', { ...HEADER, crit: ['b64'], b64: false }],
    ['is compressed', { ...HEADER, zip: 'DEF' }],
    ['names something twice', JSON.stringify(HEADER).replace('{', '{"alg":"ES256",')],
    [
      'names something twice in disguise',
      JSON.stringify(HEADER).replace('{', '{"\\u0061lg":"none",'),
    ],
    ['is an array', ['dpop+jwt', 'ES256', JWK_PUBLIC]],
    ['is no JSON', '{'],
    ['is null', 'null'],
  ])('%s', (_what, header) => {
    expect(check(signed(header, CLAIMS), EXPECTED)).toBe('PROOF_MALFORMED');
  });
});

describe('a proof is malformed if its claims', () => {
  test.each(['jti', 'htm', 'htu', 'iat'])('have no %s', (name) => {
    const claims = Object.fromEntries(Object.entries(CLAIMS).filter(([key]) => key !== name));
    expect(check(signed(HEADER, claims), EXPECTED)).toBe('PROOF_MALFORMED');
  });

  test.each<object>([
    { jti: '' },
    { jti: 7 },
    { jti: 'x'.repeat(257) },
    { htm: ['GET'] },
    { htu: 1 },
    { iat: '1700000000' },
    { iat: null },
    { iat: 1e300 },
    { exp: 'never' },
    { nbf: true },
    { ath: 1 },
    { nonce: '' },
    { nonce: 7 },
    { nonce: 'x'.repeat(257) },
  ])('hold %j', (claims) => {
    expect(check(signed(HEADER, { ...CLAIMS, ...claims }), EXPECTED)).toBe('PROOF_MALFORMED');
  });

  test.each<[string, string]>([
    ['a name twice', JSON.stringify(CLAIMS).replace('{', '{"htu":"https://evil.example/",')],
    [
      'a name twice further in',
      JSON.stringify({ ...CLAIMS, x: 0 }).replace('0}', '{"a":1, "a":2}}'),
    ],
    ['a byte order mark', `\uFEFF${JSON.stringify(CLAIMS)}`],
    ['two objects', `${JSON.stringify(CLAIMS)}{}`],
    ['a list', '[]'],
    ['a number that is too great', JSON.stringify(CLAIMS).replace('1700000000', '1e400')],
  ])('are written as %s', (_what, text) => {
    expect(check(signed(HEADER, text), EXPECTED)).toBe('PROOF_MALFORMED');
  });
});

describe('a proof is malformed if it is spelled', () => {
  const proof = signed(HEADER, CLAIMS);
  test.each<[string, string]>([
    ['as two proofs in one header', `${proof}, ${proof}`],
    ['with a scheme', `DPoP ${proof}`],
    ['with padding', `${proof}==`],
    ['without a signature', proof.slice(0, proof.lastIndexOf('.') + 1)],
    ['with four segments', `${proof}.AA`],
    ['with nothing', ''],
    ['longer than anything', 'a'.repeat(1_000_000)],
  ])('%s', (_what, text) => {
    expect(check(text, EXPECTED)).toBe('PROOF_MALFORMED');
  });
});

describe('a proof is refused', () => {
  const { privateKey: another } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  test('if another key signed it, whether its header has been seen or not', () => {
    const fresh = createProofCheck({ ageS: 60, skewS: 5 });
    expect(fresh(signed(HEADER, CLAIMS, another), EXPECTED)).toBe('PROOF_SIGNATURE');
    accepted(fresh(signed(HEADER, CLAIMS), EXPECTED));
    expect(fresh(signed(HEADER, CLAIMS, another), EXPECTED)).toBe('PROOF_SIGNATURE');
  });

  test('if its claims were changed', () => {
    const [head, , signature] = signed(HEADER, CLAIMS).split('.');
    const payload = Buffer.from(JSON.stringify({ ...CLAIMS, iat: 1 })).toString('base64url');
    expect(check(`${head}.${payload}.${signature}`, EXPECTED)).toBe('PROOF_SIGNATURE');
  });

  test.each(['POST', 'get', 'GET ', ''])('if it was made for the method %j', (htm) => {
    expect(check(signed(HEADER, { ...CLAIMS, htm }), EXPECTED)).toBe('PROOF_METHOD');
  });

  test.each([
    'https://api.example/orders/1',
    'https://api.example/Orders',
    'http://api.example/orders',
    'https://api.example:8443/orders',
    'https://api.example.evil/orders',
    'https://user@api.example/orders',
    'https:\\\\api.example\\orders',
    ' https://api.example/orders',
    'https://api.example/or\tders',
    'https://api.example/orders/',
    '/orders',
    'orders',
    '',
  ])('if it was made for %j', (htu) => {
    expect(check(signed(HEADER, { ...CLAIMS, htu }), EXPECTED)).toBe('PROOF_URI');
  });

  test.each([
    ['none', undefined],
    ['another', createHash('sha256').update('another').digest('base64url')],
    ['a padded', `${createHash('sha256').update(TOKEN).digest('base64url')}=`],
    ['an empty', ''],
  ])('if it is about %s token', (_what, ath) => {
    const proof = signed(HEADER, { ...CLAIMS, ath });
    expect(check(proof, { ...EXPECTED, accessToken: TOKEN })).toBe('PROOF_TOKEN');
  });
});

test.each([
  'HTTPS://API.example/orders',
  'https://api.example:443/orders',
  'https://api.example/orders?page=2#top',
  'https://api.example/a/../%6Frders',
])('a proof for %s is one for the same URI', (htu) => {
  accepted(check(signed(HEADER, { ...CLAIMS, htu }), EXPECTED));
});

test('a great many keys are forgotten one after the other, and still right', () => {
  const fresh = createProofCheck({ ageS: 60, skewS: 5 });
  const first = signed(HEADER, CLAIMS);
  accepted(fresh(first, EXPECTED));
  for (let i = 0; i < 2_100; i += 1) {
    const jwk = { ...JWK_PUBLIC, kid: `${i}` };
    accepted(fresh(signed({ ...HEADER, jwk }, CLAIMS), EXPECTED));
  }
  accepted(fresh(first, EXPECTED));
});
