import { afterAll, beforeAll, expect, test } from 'vitest';
import { FIELD } from '../../../src/store/scripts/fields.ts';
import { openStored, type Stored } from '../../requirements/stored.ts';
import { TokenService } from '../../setup/server.ts';
import { reasonOf } from '../../wire/failure.ts';
import { issued, newDevice, type Tokens, verdictOf } from '../../wire/issued.ts';
import { ecdsaTwin, forge, partsOf } from './forge.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;
let stored: Stored;
let tokens: Tokens;

beforeAll(async () => {
  stage = await openStage({ SIGNUM_AUDIENCE: 'test-api,other' });
  stored = openStored(stage.server);
  tokens = stage.server.client(TokenService);
});
afterAll(async () => {
  stored?.close();
  await stage?.close();
});

const NOW_S = Math.floor(Date.now() / 1_000);
const LIVE = {
  scopes: ['read'],
  claims: { plan: 'gold', level: 7 },
  clientId: 'app',
  acr: 'silver',
};
const UUID = '01923ac0-0000-7000-8000-000000000001';

test.each<[string, object]>([
  ['an expiry that is past', { exp: NOW_S - 60 }],
  ['an expiry that is later', { exp: NOW_S + 86_400 }],
  ['a time before which it must not be accepted', { nbf: NOW_S + 3_600 }],
  ['such a time that has come', { nbf: 1 }],
  ['another time of issue', { iat: NOW_S - 3_600 }],
  ['a time of issue that is ahead', { iat: NOW_S + 3_600 }],
  ['another session', { sid: UUID }],
  ['another audience', { aud: 'other' }],
  ['one audience more', { aud: ['test-api', 'other'] }],
  ['its audience as a list twice', { aud: ['test-api', 'test-api'] }],
  ['one scope more', { scope: 'read write' }],
  ['no scope', { scope: undefined }],
  ['another client', { client_id: 'another' }],
  ['no client', { client_id: undefined }],
  ['another class of authentication', { acr: 'gold' }],
  ['no class of authentication', { acr: undefined }],
  ['a time of authentication', { auth_time: NOW_S }],
  ['a method of authentication', { amr: ['otp'] }],
  ['a key that it is bound to', { cnf: { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' } }],
  ['another custom claim', { plan: 'platinum' }],
  ['one custom claim more', { admin: true }],
  ['one custom claim less', { level: undefined }],
  ['another user', { sub: 'root' }],
  ['another tenant', { tid: 'other' }],
  ['another device', { did: 'other' }],
  ['another token id', { jti: UUID }],
])('a token with the id of a live one and %s is not active', async (_what, change) => {
  const device = newDevice();
  const { accessToken } = await issued(tokens, device, LIVE);
  const { header, payload } = partsOf(accessToken);
  const forged = forge(header, { ...payload, ...change }, stage.jwks.ES256);
  for (const token of [forged, ecdsaTwin(forged)]) {
    expect(await verdictOf(tokens, token)).toBe('UNKNOWN');
    const asUser = stage.server.client(TokenService, token);
    expect(await reasonOf(asUser.getSession({ device }))).toBe('CREDENTIAL_INVALID');
  }
  expect(await verdictOf(tokens, accessToken)).toBe('ACTIVE');
});

test('a token with the claims of a live one under another key of the ring is not active', async () => {
  const { accessToken } = await issued(tokens, newDevice(), LIVE);
  const { header, payload } = partsOf(accessToken);
  for (const jwk of Object.values(stage.jwks)) {
    const forged = forge({ ...header, alg: jwk.alg, kid: jwk.kid }, payload, jwk);
    const ours = jwk.kid === header['kid'];
    expect(await verdictOf(tokens, forged)).toBe(ours ? 'ACTIVE' : 'UNKNOWN');
  }
});

test('what Signum has signed is active without its fingerprint, whatever it holds', async () => {
  const claims = { 10: 'ten', 2: 'two', z: 'last', a: { 3: 1, b: [1.5, null, 'é'] } };
  for (const wish of [{}, LIVE, { claims }, { audiences: ['other', 'test-api'] }]) {
    const device = newDevice();
    const { accessToken } = await issued(tokens, device, wish);
    await expect.poll(async () => (await stored.session(device)).fp).toBeDefined();
    await stored.redis.hdel(stored.placeOf(device).active, FIELD.fp);
    expect(await verdictOf(tokens, accessToken)).toBe('ACTIVE');
    expect(await verdictOf(tokens, ecdsaTwin(accessToken))).toBe('ACTIVE');
  }
});
