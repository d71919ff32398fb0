import { expect, test } from 'vitest';
import type { VerifyOptions } from '../edge.ts';
import { refusal, type Verdict } from '../verdict.ts';
import { createGuard, type GuardOptions } from './headers.ts';

const GOOD = {
  ...{ active: true, verdict: 'ACTIVE', reason: undefined, source: 'EDGE' },
  token: { userId: 'ada' },
} as unknown as Verdict;

function guardOf(verdict: Verdict | Promise<Verdict>, options?: GuardOptions) {
  const asked: { token: string; wanted: VerifyOptions | undefined }[] = [];
  const edge = {
    verify: (token: string, wanted?: VerifyOptions) => {
      asked.push({ token, wanted });
      return verdict;
    },
  };
  return { guard: createGuard(edge, options), asked };
}

test('lets a good token in, from headers of Node and of the Fetch standard', () => {
  const { guard, asked } = guardOf(GOOD, { scopes: ['read'] });
  expect(guard({ authorization: 'Bearer a.b.c' })).toEqual({ admitted: true, token: GOOD.token });
  const headers = new Headers({ authorization: 'bearer a.b.c' });
  expect(guard(headers)).toMatchObject({ admitted: true });
  expect(asked).toMatchObject([
    { token: 'a.b.c', wanted: { scopes: ['read'] } },
    { token: 'a.b.c', wanted: { scopes: ['read'] } },
  ]);
});

test('waits for the server where the edge is not certain', async () => {
  const { guard } = guardOf(Promise.resolve(GOOD));
  expect(await guard({ authorization: 'Bearer a.b.c' })).toMatchObject({ admitted: true });
});

test('challenges who comes without a token, or with more than one', () => {
  const { guard, asked } = guardOf(GOOD, { realm: 'api' });
  expect(guard({})).toMatchObject({
    ...{ admitted: false, status: 401 },
    headers: { 'www-authenticate': 'Bearer realm="api"' },
  });
  const two = new Headers({ authorization: 'Bearer a.b.c' });
  two.append('authorization', 'Bearer d.e.f');
  const several = [
    { authorization: 'Bearer a.b.c, Bearer d.e.f' },
    { authorization: ['Bearer a.b.c', 'Bearer d.e.f'] },
    { authorization: 'Bearer a.b.c d.e.f' },
    { authorization: 'Basic YTpi' },
    { authorization: 'Bearer ' },
    { authorization: '' },
    two,
  ];
  for (const headers of several) {
    expect(guard(headers)).toMatchObject({
      ...{ admitted: false, status: 401 },
      headers: { 'www-authenticate': 'Bearer realm="api", error="invalid_token"' },
    });
  }
  expect(asked).toEqual([]);
});

test('answers a bad token, a missing scope and an outage in their own ways', () => {
  const headers = { authorization: 'Bearer a.b.c' };
  expect(guardOf(refusal('REVOKED', 'EDGE', 'LOGOUT')).guard(headers)).toMatchObject({
    ...{ status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } },
  });
  const scopes = ['read', 'write'];
  expect(guardOf(refusal('INSUFFICIENT_SCOPE', 'EDGE'), { scopes }).guard(headers)).toMatchObject({
    status: 403,
    headers: { 'www-authenticate': 'Bearer error="insufficient_scope", scope="read write"' },
  });
  const outage = guardOf(refusal('UNAVAILABLE', 'NONE')).guard(headers);
  expect(outage).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
  expect(outage).not.toHaveProperty(['headers', 'www-authenticate']);
});

test('asks for how the user must have authenticated, and says what would do', () => {
  const requirements = { acrValues: ['gold', 'silver'], maxAgeS: 300 };
  const { guard, asked } = guardOf(refusal('INSUFFICIENT_AUTHENTICATION', 'EDGE'), requirements);
  expect(guard({ authorization: 'Bearer a.b.c' })).toMatchObject({
    ...{ admitted: false, status: 401 },
    headers: {
      'www-authenticate':
        'Bearer error="insufficient_user_authentication", acr_values="gold silver", max_age="300"',
    },
  });
  expect(asked).toMatchObject([{ wanted: requirements }]);
});

test.each([
  ['DPoP', 'KEY_PROOF_INVALID', 'invalid_dpop_proof'],
  ['DPoP', 'REVOKED', 'invalid_token'],
  ['Bearer', 'KEY_PROOF_INVALID', 'invalid_token'],
] as const)('refuses what comes as %s in that scheme: %s', (scheme, verdict, error) => {
  const guarded = guardOf(refusal(verdict, 'EDGE')).guard({ authorization: `${scheme} a.b.c` });
  expect(guarded).toMatchObject({
    headers: {
      'www-authenticate': expect.stringMatching(
        new RegExp(`^${scheme} error="${error}"${scheme === 'DPoP' ? ', algs=' : '$'}`),
      ),
    },
  });
});

test('names the place in the challenge of a step-up, and only what was required', () => {
  const refused = refusal('INSUFFICIENT_AUTHENTICATION', 'EDGE');
  const challengeOf = (options: GuardOptions) =>
    guardOf(refused, options).guard({ authorization: 'Bearer a.b.c' });
  expect(challengeOf({ acrValues: ['gold'], realm: 'api' })).toMatchObject({
    headers: {
      'www-authenticate':
        'Bearer realm="api", error="insufficient_user_authentication", acr_values="gold"',
    },
  });
  expect(challengeOf({ maxAgeS: 0 })).toMatchObject({
    headers: { 'www-authenticate': 'Bearer error="insufficient_user_authentication", max_age="0"' },
  });
});

test('a requirement goes along with a proof of the key', () => {
  const { guard, asked } = guardOf(GOOD, { acrValues: ['gold'], maxAgeS: 5, audience: 'api' });
  const about = { method: 'GET', url: '/', certificateThumbprint: 'x' };
  guard({ authorization: 'DPoP a.b.c', dpop: 'p', host: 'api.example' }, about);
  expect(asked[0]?.wanted).toMatchObject({
    ...{ acrValues: ['gold'], maxAgeS: 5, audience: 'api' },
    proof: { dpop: 'p', certificateThumbprint: 'x', url: 'https://api.example/' },
  });
});

test.each<[string, object]>([
  ['realm', { realm: 'a"b' }],
  ['realm', { realm: 5 }],
  ['scopes', { scopes: ['a\\b'] }],
  ['scopes', { scopes: 'read' }],
  ['scopes', { scopes: ['read write'] }],
  ['scopes', { scopes: [''] }],
  ['acrValues', { acrValues: [] }],
  ['acrValues', { acrValues: 'gold' }],
  ['acrValues', { acrValues: ['gold silver'] }],
  ['maxAgeS', { maxAgeS: -1 }],
  ['maxAgeS', { maxAgeS: 1.5 }],
  ['maxAgeS', { maxAgeS: Number.NaN }],
  ['maxAgeS', { maxAgeS: '60' }],
  ['audience', { audience: '' }],
  ['audience', { audience: ['api', ''] }],
  ['origin', { origin: 'https://api.example/' }],
  ['scope', { scope: ['read'] }],
  ['max_age', { max_age: 60 }],
  ['toString', { toString: 60 }],
])('an app that sets %s to what it cannot be is told so when it starts', (name, options) => {
  expect(() => guardOf(GOOD, options)).toThrow(new RegExp(`^\`${name}\` `));
  expect(() => guardOf(GOOD, options)).toThrow(RangeError);
});

test('an option that is undefined is none', () => {
  const none = { scopes: undefined, audience: undefined, acrValues: undefined, maxAgeS: undefined };
  expect(guardOf(GOOD, none).guard({ authorization: 'Bearer a.b.c' })).toMatchObject({
    admitted: true,
  });
});
