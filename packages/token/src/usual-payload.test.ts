import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readAccessPayload } from './access-payload.ts';
import { UsualPayloads } from './read-access.ts';

const ISSUER = 'https://signum.example';
const CLAIMS = {
  iss: ISSUER,
  aud: 'https://api.example',
  sub: 'ada@example.com',
  tid: 'acme',
  did: 'phone-1',
  sid: '01923ac0-0000-7000-8000-000000000001',
  jti: '01923ac0-0000-7000-8000-000000000002',
  iat: 1_700_000_000,
  exp: 1_700_000_900,
  scope: 'read write',
  client_id: 'auth-service',
  auth_time: 1_699_999_000,
  acr: 'urn:mace:incommon:iap:silver',
  amr: ['pwd', 'otp'],
};
const TEXT = JSON.stringify(CLAIMS);
const { scope: _, ...SCOPELESS } = CLAIMS;
const { client_id: __, ...CLIENTLESS } = CLAIMS;
const { auth_time: ___, acr: ____, amr: _____, ...UNTOLD } = CLAIMS;

const payloads = new UsualPayloads(ISSUER);
const read = (text: string) => payloads.read(Buffer.from(text));

test.each([
  ['with scopes', CLAIMS],
  ['without', SCOPELESS],
  ['of a session from before there were client ids', CLIENTLESS],
  ['that tells of no authentication', UNTOLD],
  ['of one method of authentication', { ...CLAIMS, amr: ['pwd'] }],
  ['of the beginning of time', { ...CLAIMS, iat: 0, exp: 0 }],
])('what Signum usually signs, %s, is usual', (_name, claims) => {
  const bytes = Buffer.from(JSON.stringify(claims));
  expect(payloads.read(bytes)).toStrictEqual(readAccessPayload(bytes, ISSUER));
});

test.each<[string, string]>([
  ['another issuer', TEXT.replace('signum.example', 'signum-example')],
  ['several audiences', TEXT.replace('"https://api.example"', '["a","b"]')],
  ['a custom claim', `${TEXT.slice(0, -1)},"plan":"gold"}`],
  ['another order', JSON.stringify(Object.fromEntries(Object.entries(CLAIMS).reverse()))],
  ['a name twice', `${TEXT.slice(0, -1)},"sub":"eve"}`],
  ['an id beyond ASCII', TEXT.replace('acme', 'acmé')],
  ['an id that JSON escapes', TEXT.replace('acme', String.raw`ac\"me`)],
  ['an id that is too long', TEXT.replace('acme', 'a'.repeat(257))],
  ['no id', TEXT.replace('acme', '')],
  ['a UUID in capitals', TEXT.replace('01923ac0', '01923AC0')],
  ['an instant with a fraction', TEXT.replace('1700000900', '1700000900.5')],
  ['an instant that begins with 0', TEXT.replace('1700000900', '01700000900')],
  ['an instant that no double holds', TEXT.replace('1700000900', '9007199254740993')],
  ['no scopes', TEXT.replace('read write', '')],
  ['two spaces between scopes', TEXT.replace('read write', 'read  write')],
  ['no client id', TEXT.replace('auth-service', '')],
  ['a client id with a blank', TEXT.replace('auth-service', 'auth service')],
  ['a client id that JSON escapes', TEXT.replace('auth-service', String.raw`a\\b`)],
  ['a client id that is too long', TEXT.replace('auth-service', 'a'.repeat(257))],
  ['a client id before the scopes', TEXT.replace(/("scope":.*),("client_id":.*)}/, '$2,$1}')],
  ['a class with a blank', TEXT.replace('iap:silver', 'iap silver')],
  ['no class', TEXT.replace('urn:mace:incommon:iap:silver', '')],
  ['no methods', TEXT.replace('"pwd","otp"', '')],
  ['an empty method', TEXT.replace('otp', '')],
  ['a method that JSON escapes', TEXT.replace('otp', String.raw`o\"p`)],
  ['an authentication within a second', TEXT.replace('1699999000', '1699999000.5')],
  ['methods before the class', TEXT.replace(/("acr":.*),("amr":.*)}/, '$2,$1}')],
  ['a space behind the scopes', TEXT.replace('read write', 'read ')],
  ['white space', TEXT.replace(',', ', ')],
  ['a line break at the end', `${TEXT}\n`],
  ['something before', ` ${TEXT}`],
  ['nothing', ''],
])('%s is not', (_name, text) => {
  expect(read(text)).toBeUndefined();
});

test('an issuer is compared byte by byte', () => {
  const text = (issuer: string) => Buffer.from(JSON.stringify({ ...CLAIMS, iss: issuer }));
  for (const issuer of ['https://é.example', 'a"b\\c', 'https://x.example/(.*)?']) {
    const usual = new UsualPayloads(issuer);
    expect(usual.read(text(issuer))).toStrictEqual(readAccessPayload(text(issuer), issuer));
  }
  // The UTF-8 of the one is the Latin 1 of the other.
  expect(new UsualPayloads('Ã©').read(text('é'))).toBeUndefined();
});

test('whatever is read is what reading strictly makes of it', () => {
  const mostly = <T>(usual: T, other: fc.Arbitrary<unknown>) =>
    fc.oneof(
      { weight: 9, arbitrary: fc.constant<unknown>(usual) },
      { weight: 1, arbitrary: other },
    );
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: 'grapheme' }),
    fc.stringMatching(/^[\w.@:/ -]+$/),
  );
  const instant = fc.oneof(fc.maxSafeNat(), fc.double(), text);
  const claims = fc.record(
    {
      iss: mostly(ISSUER, text),
      aud: mostly(CLAIMS.aud, fc.oneof(text, fc.array(text))),
      sub: mostly(CLAIMS.sub, text),
      tid: mostly(CLAIMS.tid, text),
      did: mostly(CLAIMS.did, text),
      sid: mostly(CLAIMS.sid, fc.oneof(fc.uuid(), text)),
      jti: mostly(CLAIMS.jti, fc.oneof(fc.uuid(), text)),
      iat: mostly(CLAIMS.iat, instant),
      exp: mostly(CLAIMS.exp, instant),
      scope: mostly(CLAIMS.scope, text),
      client_id: mostly(CLAIMS.client_id, text),
      auth_time: mostly(CLAIMS.auth_time, instant),
      acr: mostly(CLAIMS.acr, text),
      amr: mostly(CLAIMS.amr, fc.oneof(text, fc.array(text))),
    },
    { requiredKeys: ['iss', 'aud', 'sub', 'tid', 'did', 'sid', 'jti', 'iat', 'exp'] },
  );
  /** One character put in, taken out, or changed. */
  const slip = fc.option(fc.tuple(fc.nat(), fc.nat({ max: 1 }), fc.string({ maxLength: 1 })));
  let usual = 0;
  fc.assert(
    fc.property(claims, slip, (init, change) => {
      let payload = JSON.stringify(init);
      if (change !== null) {
        const at = change[0] % payload.length;
        payload = payload.slice(0, at) + change[2] + payload.slice(at + change[1]);
      }
      const bytes = Buffer.from(payload);
      const claims = payloads.read(bytes);
      if (claims === undefined) return;
      usual += 1;
      expect(claims).toStrictEqual(readAccessPayload(bytes, ISSUER));
    }),
    { numRuns: 5_000 },
  );
  expect(usual).toBeGreaterThan(0);
});
