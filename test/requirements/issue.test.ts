import { timestampMs } from '@bufbuild/protobuf/wkt';
import { Verdict } from '@signum/contract/signum/v1/token_service_pb.js';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  AUDIENCE,
  CallerService,
  ISSUER,
  startTestServer,
  type TestServer,
  TokenService,
} from '../setup/server.ts';
import { reasonOf } from '../wire/failure.ts';
import { issued, newDevice, pairOf, type Tokens, verdictOf } from '../wire/issued.ts';

const MINUTE_S = 60;
const DAY_S = 24 * 60 * MINUTE_S;

let server: TestServer;
let tokens: Tokens;

beforeAll(async () => {
  server = await startTestServer();
  tokens = server.client(TokenService);
});
afterAll(() => server.close());

describe('R1 a unique access token for a user who has been authenticated', () => {
  test('R1 every Issue makes a token of its own', async () => {
    const device = newDevice();
    const pairs = await Promise.all(
      Array.from({ length: 20 }, (_, i) => issued(tokens, { ...device, deviceId: `d${i}` })),
    );
    expect(new Set(pairs.map(({ tokenId }) => tokenId)).size).toBe(20);
    expect(new Set(pairs.map(({ accessToken }) => accessToken)).size).toBe(20);
    for (const { accessToken, tokenId } of pairs) {
      expect(decodeJwt(accessToken)).toMatchObject({
        iss: ISSUER,
        aud: AUDIENCE,
        sub: device.userId,
        tid: device.tenantId,
        jti: tokenId,
      });
    }
  });

  test('R1 the authentication service issues with an API key that may do just that', async () => {
    const { apiKey } = await server.client(CallerService).createCaller({
      name: 'authentication',
      permissions: [1],
      tenants: ['acme'],
    });
    const authentication = server.client(TokenService, apiKey);
    const { accessToken } = await issued(authentication, newDevice());
    expect(await verdictOf(tokens, accessToken)).toBe('ACTIVE');
  });

  test('R1 nobody else can issue', async () => {
    const nobody = server.client(TokenService, null);
    expect(await reasonOf(nobody.issue({ device: newDevice() }))).toBe('CREDENTIAL_MISSING');
    const { accessToken } = await issued(tokens, newDevice());
    const user = server.client(TokenService, accessToken);
    expect(await reasonOf(user.issue({ device: newDevice() }))).toBe('PERMISSION_DENIED');
  });
});

describe('R2 at most one active token per (tenant, user, device)', () => {
  test('R2 a new Issue supersedes the old session in the same step', async () => {
    const device = newDevice();
    const old = await issued(tokens, device);
    const answer = await tokens.issue({ device });
    expect(answer.supersededSessionId).toBe(old.sessionId);
    expect(await verdictOf(tokens, old.accessToken)).toBe('SUPERSEDED');
    expect(await verdictOf(tokens, pairOf(answer).accessToken)).toBe('ACTIVE');
    expect(await reasonOf(tokens.refresh({ refreshToken: old.refreshToken }))).toBe(
      'SESSION_REVOKED',
    );
  });

  test.each([
    ['another tenant', { tenantId: 'other' }],
    ['another user', { userId: 'other' }],
    ['another device', { deviceId: 'other' }],
  ])('R2 %s is left alone', async (_, difference) => {
    const device = newDevice();
    const here = await issued(tokens, device);
    const there = await issued(tokens, { ...device, ...difference });
    expect(await verdictOf(tokens, here.accessToken)).toBe('ACTIVE');
    expect(await verdictOf(tokens, there.accessToken)).toBe('ACTIVE');
  });

  test('R2 64 parallel issues for one device leave exactly one valid token', async () => {
    const device = newDevice();
    const pairs = await Promise.all(Array.from({ length: 64 }, () => issued(tokens, device)));
    const { results } = await tokens.batchValidate({
      items: pairs.map(({ accessToken }) => ({ subject: { case: 'token', value: accessToken } })),
    });
    const verdicts = results.map(({ result }) =>
      result.case === 'response' ? Verdict[result.value.verdict] : result.value?.message,
    );
    expect(verdicts.filter((verdict) => verdict === 'ACTIVE')).toHaveLength(1);
    expect(verdicts.filter((verdict) => verdict === 'SUPERSEDED')).toHaveLength(63);
  });

  test('R2 100 parallel refreshes of one token yield one successor', async () => {
    const { refreshToken, accessToken, sessionId } = await issued(tokens, newDevice());
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => tokens.refresh({ refreshToken })),
    );
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    const successors = new Set(answers.map((answer) => pairOf(answer).tokenId));
    expect(successors.size).toBe(1);
    expect(await verdictOf(tokens, accessToken)).toBe('REVOKED');
    for (const answer of answers.slice(0, 5)) {
      expect(pairOf(answer).sessionId).toBe(sessionId);
      expect(await verdictOf(tokens, pairOf(answer).accessToken)).toBe('ACTIVE');
    }
  });
});

test('R3 Issue answers an access token and a refresh token of one session', async () => {
  const device = newDevice();
  const { accessToken, refreshToken, sessionId, tokenId } = await issued(tokens, device);
  expect(decodeProtectedHeader(accessToken)).toMatchObject({ typ: 'at+jwt', alg: 'ES256' });
  expect(Object.keys(decodeProtectedHeader(accessToken)).sort()).toEqual(['alg', 'kid', 'typ']);
  expect(decodeProtectedHeader(refreshToken)).toMatchObject({ typ: 'rt+jwt', alg: 'HS256' });
  expect(decodeJwt(accessToken)).toMatchObject({ sid: sessionId, jti: tokenId });
  expect(decodeJwt(refreshToken)).toMatchObject({ sid: sessionId });
  // The one is no use as the other.
  expect(await reasonOf(tokens.refresh({ refreshToken: accessToken }))).toBe('TOKEN_INVALID');
  expect(await verdictOf(tokens, refreshToken)).not.toBe('ACTIVE');
});

test('R4 an access token lives for 15 minutes unless configured otherwise', async () => {
  const { accessToken, accessExpireTime, expiresIn } = await issued(tokens, newDevice());
  const { iat = 0, exp = 0 } = decodeJwt(accessToken);
  expect(exp - iat).toBe(15 * MINUTE_S);
  expect(timestampMs(accessExpireTime!)).toBe(exp * 1_000);
  expect(Number(expiresIn?.seconds)).toBeLessThanOrEqual(15 * MINUTE_S);
});

test('R5 a refresh token lives for 7 days unless configured otherwise', async () => {
  const { refreshToken, refreshExpireTime } = await issued(tokens, newDevice());
  const { iat = 0, exp = 0 } = decodeJwt(refreshToken);
  expect(exp - iat).toBe(7 * DAY_S);
  expect(timestampMs(refreshExpireTime!)).toBe(exp * 1_000);
});

test('R11 a session keeps when it was issued, when it expires and what the client told', async () => {
  const device = newDevice();
  const metadata = {
    ip: '2001:db8::7',
    userAgent: 'Phone/1.0 (é)',
    label: "Ada's phone",
    attributes: { build: '42', 'app:store': '{x}*' },
  };
  const pair = await issued(tokens, device, { metadata });
  const { session } = await tokens.getSession({ device });
  const { iat = 0, exp = 0 } = decodeJwt(pair.accessToken);
  expect(timestampMs(session!.issueTime!)).toBe(iat * 1_000);
  expect(timestampMs(session!.accessExpireTime!)).toBe(exp * 1_000);
  expect(session).toMatchObject({ metadata, tokenId: pair.tokenId, sessionId: pair.sessionId });
});

test.each([
  ['a user agent', { userAgent: 'x'.repeat(513) }],
  ['a label', { label: 'x'.repeat(129) }],
  ['an attribute', { attributes: { a: 'x'.repeat(257) } }],
  [
    'the number of attributes',
    { attributes: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, ''])) },
  ],
  [
    'all of it together',
    {
      attributes: Object.fromEntries(
        Array.from({ length: 16 }, (_, i) => [`k${i}`, 'x'.repeat(256)]),
      ),
    },
  ],
  ['an address that is none', { ip: '300.1.1.1' }],
])('R11 metadata is bounded: %s', async (_, metadata) => {
  expect(await reasonOf(tokens.issue({ device: newDevice(), metadata }))).toBe('INVALID_FIELD');
});
