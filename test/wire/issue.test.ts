import { randomUUID } from 'node:crypto';
import { SupersedePolicy } from '@signum/contract/signum/v1/token_pb.js';
import { RESERVED_CLAIMS } from '@signum/token';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStored } from '../requirements/stored.ts';
import { AUDIENCE, startTestServer, type TestServer, TokenService } from '../setup/server.ts';
import { failureOf, reasonOf } from './failure.ts';
import { issued, newDevice, refreshed, type Tokens, verdictOf } from './issued.ts';

const { DENY_NEW, REQUIRE_PROOF } = SupersedePolicy;

let server: TestServer;
let tokens: Tokens;

beforeAll(async () => {
  server = await startTestServer({
    SIGNUM_AUDIENCE: `${AUDIENCE},second-api`,
    SIGNUM_MAX_DEVICES: '2',
    SIGNUM_SUPERSEDE_POLICY_TENANTS: 'strict=deny_new,careful=require_proof',
    SIGNUM_SWEEP_INTERVAL: '100ms',
  });
  tokens = server.client(TokenService);
});
afterAll(() => server.close());

describe('a session that is already on the device', () => {
  test('stays under DENY_NEW, until it is gone', async () => {
    const device = newDevice();
    const { accessToken } = await issued(tokens, device, { policy: DENY_NEW });
    expect(await reasonOf(tokens.issue({ device, policy: DENY_NEW }))).toBe('SESSION_EXISTS');
    expect(await verdictOf(tokens, accessToken)).toBe('ACTIVE');
    await tokens.revoke({ subject: { case: 'device', value: device } });
    await issued(tokens, device, { policy: DENY_NEW });
  });

  test('goes under REQUIRE_PROOF to who holds its current refresh token', async () => {
    const device = newDevice();
    const policy = REQUIRE_PROOF;
    const first = await issued(tokens, device, { policy });
    const second = await refreshed(tokens, first.refreshToken);
    const elsewhere = await issued(tokens, newDevice());
    const tries = ['', 'nonsense', first.refreshToken, second.accessToken, elsewhere.refreshToken];
    for (const proof of tries) {
      expect(await reasonOf(tokens.issue({ device, policy, proof }))).toBe('PROOF_REQUIRED');
    }
    expect(await verdictOf(tokens, second.accessToken)).toBe('ACTIVE');
    const third = await issued(tokens, device, { policy, proof: second.refreshToken });
    expect(await verdictOf(tokens, second.accessToken)).toBe('SUPERSEDED');
    expect(await verdictOf(tokens, third.accessToken)).toBe('ACTIVE');
  });

  test.each([
    ['strict', 'SESSION_EXISTS'],
    ['careful', 'PROOF_REQUIRED'],
  ])('is treated as its tenant wants: %s', async (tenantId, reason) => {
    const device = newDevice({ tenantId });
    await issued(tokens, device);
    expect(await reasonOf(tokens.issue({ device }))).toBe(reason);
    await issued(tokens, device, { policy: SupersedePolicy.SUPERSEDE });
  });
});

describe('an Issue that is sent again', () => {
  test('answers the same session under the same request id', async () => {
    const device = newDevice();
    const requestId = randomUUID();
    const first = await tokens.issue({ device, requestId });
    const again = await tokens.issue({ device, requestId: requestId.toUpperCase() });
    expect(again.tokens?.sessionId).toBe(first.tokens?.sessionId);
    expect(again.tokens?.tokenId).toBe(first.tokens?.tokenId);
    expect(again.tokens?.accessExpireTime).toEqual(first.tokens?.accessExpireTime);
    expect(again.supersededSessionId).toBe('');
    for (const { tokens: pair } of [first, again]) {
      expect(await verdictOf(tokens, pair?.accessToken ?? '')).toBe('ACTIVE');
    }
  });

  test('answers one session however many arrive at once', async () => {
    const device = newDevice();
    const requestId = randomUUID();
    const pairs = await Promise.all(
      Array.from({ length: 16 }, () => issued(tokens, device, { requestId })),
    );
    expect(new Set(pairs.map(({ sessionId }) => sessionId)).size).toBe(1);
  });

  test('supersedes under another request id, and for another device begins another', async () => {
    const device = newDevice();
    const requestId = randomUUID();
    const first = await issued(tokens, device, { requestId });
    const other = await issued(tokens, { ...device, deviceId: 'other' }, { requestId });
    expect(other.sessionId).not.toBe(first.sessionId);
    const second = await tokens.issue({ device, requestId: randomUUID() });
    expect(second.supersededSessionId).toBe(first.sessionId);
  });

  test('is refused with a request id that is none', async () => {
    const failure = await failureOf(tokens.issue({ device: newDevice(), requestId: 'again' }));
    expect(failure).toMatchObject({ reason: 'INVALID_FIELD', metadata: { field: 'request_id' } });
  });
});

describe('what the token says', () => {
  test('custom claims stand in it under their own names, through refreshes', async () => {
    const claims = { plan: 'gold', roles: ['a', 'b'], deep: { n: 1.5, yes: true, no: null } };
    const pair = await issued(tokens, newDevice(), { claims, scopes: ['read', 'write'] });
    const next = await refreshed(tokens, pair.refreshToken);
    for (const { accessToken } of [pair, next]) {
      expect(decodeJwt(accessToken)).toMatchObject({ ...claims, scope: 'read write' });
    }
  });

  test.each([...RESERVED_CLAIMS])('the reserved name %s is refused as a claim', async (name) => {
    const failure = await failureOf(tokens.issue({ device: newDevice(), claims: { [name]: 'x' } }));
    expect(failure).toMatchObject({ reason: 'INVALID_FIELD', metadata: { field: 'claims' } });
  });

  test('claims are at most 1 KiB', async () => {
    const claims = { text: 'x'.repeat(1_024) };
    expect(await reasonOf(tokens.issue({ device: newDevice(), claims }))).toBe('INVALID_FIELD');
  });

  test('a name that JavaScript gives a meaning is only a name', async () => {
    const claims = JSON.parse('{"__proto__": {"admin": true}, "constructor": "x"}');
    const pair = await issued(tokens, newDevice(), { claims }).catch(() => undefined);
    const payload = JSON.parse(
      Buffer.from(pair?.accessToken.split('.')[1] ?? 'e30', 'base64url').toString(),
    );
    expect(payload.admin).toBeUndefined();
  });

  test('audiences are among the deployment’s, the first of them by default', async () => {
    const plain = await issued(tokens, newDevice());
    expect(decodeJwt(plain.accessToken).aud).toBe(AUDIENCE);
    const both = await issued(tokens, newDevice(), { audiences: [AUDIENCE, 'second-api'] });
    expect(decodeJwt(both.accessToken).aud).toEqual([AUDIENCE, 'second-api']);
    const foreign = tokens.issue({ device: newDevice(), audiences: ['bank'] });
    expect(await failureOf(foreign)).toMatchObject({ metadata: { field: 'audiences[0]' } });
  });
});

describe('lifetimes', () => {
  test('are shortened by the caller, for this session and its refreshes', async () => {
    const wish = {
      accessLifetime: { seconds: 60n },
      refreshLifetime: { seconds: 120n },
      sessionLifetime: { seconds: 100n },
    };
    const pair = await issued(tokens, newDevice(), wish);
    const next = await refreshed(tokens, pair.refreshToken);
    for (const { accessToken, refreshToken } of [pair, next]) {
      const access = decodeJwt(accessToken);
      const refresh = decodeJwt(refreshToken);
      expect((access.exp ?? 0) - (access.iat ?? 0)).toBe(60);
      // Never past the session's end.
      expect((refresh.exp ?? 0) - (decodeJwt(pair.refreshToken).iat ?? 0)).toBe(100);
    }
  });

  test.each([
    ['access_lifetime', { accessLifetime: { seconds: 901n } }],
    ['refresh_lifetime', { refreshLifetime: { seconds: 604_801n } }],
    ['session_lifetime', { sessionLifetime: { seconds: 2_592_001n } }],
  ])('are never lengthened: %s', async (field, wish) => {
    const failure = await failureOf(tokens.issue({ device: newDevice(), ...wish }));
    expect(failure).toMatchObject({ reason: 'LIFETIME_TOO_LONG', metadata: { field } });
  });

  test.each([
    ['half a second', { seconds: 0n, nanos: 500_000_000 }],
    ['nothing', { seconds: 0n }],
    ['less than nothing', { seconds: -5n }],
  ])('are no shorter than a second: %s', async (_, accessLifetime) => {
    expect(await reasonOf(tokens.issue({ device: newDevice(), accessLifetime }))).toBe(
      'INVALID_FIELD',
    );
  });

  test('a refresh token that has expired is told from one that never was', async () => {
    const brief = { accessLifetime: { seconds: 1n }, refreshLifetime: { seconds: 1n } };
    const device = newDevice();
    const { refreshToken } = await issued(tokens, device, brief);
    const stored = openStored(server);
    await expect.poll(() => stored.session(device), { timeout: 15_000 }).toEqual({});
    stored.close();
    expect(await reasonOf(tokens.refresh({ refreshToken }))).toBe('TOKEN_EXPIRED');
  });
});

test('a user holds as many devices as the deployment allows, and no more by a race', async () => {
  const { tenantId, userId } = newDevice();
  const calls = await Promise.allSettled(
    Array.from({ length: 20 }, (_, i) =>
      tokens.issue({ device: { tenantId, userId, deviceId: `d${i}` } }),
    ),
  );
  expect(calls.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  const { sessions, totalSize } = await tokens.listSessions({ tenantId, userId });
  expect([sessions.length, totalSize]).toEqual([2, 2]);
  // A device that is known may always log in again, and a place that is free may be taken.
  const known = sessions[0]!.device!;
  await tokens.issue({ device: known });
  const device = { tenantId, userId, deviceId: 'new' };
  const failure = await failureOf(tokens.issue({ device }));
  expect(failure).toMatchObject({ reason: 'DEVICE_LIMIT', metadata: { max: '2' } });
  await tokens.revoke({ subject: { case: 'device', value: known } });
  await issued(tokens, device);
});

describe('ids', () => {
  test.each([
    ['delimiters of keys', ':{}*%3A'],
    ['spaces and slashes', ' a/../b '],
    ['other scripts', '用户-ü-🗝️'],
    ['as long as may be', 'x'.repeat(256)],
  ])('are data: %s', async (_, id) => {
    const device = { tenantId: id, userId: id, deviceId: id };
    const { accessToken } = await issued(tokens, device);
    expect(decodeJwt(accessToken)).toMatchObject({ tid: id, sub: id, did: id });
    expect(await verdictOf(tokens, accessToken)).toBe('ACTIVE');
    expect((await tokens.getSession({ device })).session?.device).toMatchObject(device);
  });

  test.each([
    ['empty', ''],
    ['too long', 'ü'.repeat(129)],
    ['a control character', 'a\nb'],
  ])('are refused when %s, naming the field', async (_, userId) => {
    const failure = await failureOf(tokens.issue({ device: newDevice({ userId }) }));
    const metadata = { field: 'device.user_id' };
    expect(failure).toMatchObject({ reason: 'INVALID_FIELD', metadata });
  });
});
