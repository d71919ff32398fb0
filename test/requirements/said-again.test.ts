import { randomUUID } from 'node:crypto';
import { decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  CallerService,
  KeyService,
  startTestServer,
  type TestServer,
  TokenService,
} from '../setup/server.ts';
import { failureOf } from '../wire/failure.ts';
import { issued, newDevice, refreshed, type Tokens, verdictOf } from '../wire/issued.ts';
import { startAnother } from './another-server.ts';

let here: TestServer;
let there: TestServer;
let tokens: Tokens;

beforeAll(async () => {
  // So long that the other server cannot learn of a revoked key by polling while this test runs.
  here = await startTestServer({ SIGNUM_KEY_POLL: '5m', SIGNUM_AUDIENCE: 'api,other' });
  there = await startAnother(here);
  tokens = here.client(TokenService);
});
afterAll(async () => {
  await here?.close();
  await there?.close();
});

describe('what is said again is no token that is dead from birth', () => {
  test('R15 a repeated Issue after RevokeTenant is told that the session was ended', async () => {
    const device = newDevice({ tenantId: 'ended' });
    const requestId = randomUUID();
    await issued(tokens, device, { requestId });
    await tokens.revokeTenant({ tenantId: 'ended' });
    for (const each of [tokens, there.client(TokenService)]) {
      expect(await failureOf(each.issue({ device, requestId }))).toMatchObject({
        reason: 'SESSION_REVOKED',
        metadata: { revocation_reason: 'TENANT' },
      });
    }
    const fresh = await issued(tokens, device, { requestId: randomUUID() });
    expect(await verdictOf(tokens, fresh.accessToken)).toBe('ACTIVE');
  });

  test('R15 a repeated Issue after a refresh is told so', async () => {
    const device = newDevice();
    const requestId = randomUUID();
    const { refreshToken } = await issued(tokens, device, { requestId });
    await refreshed(tokens, refreshToken);
    expect(await failureOf(tokens.issue({ device, requestId }))).toMatchObject({
      reason: 'SESSION_REVOKED',
      metadata: { revocation_reason: 'ROTATED' },
    });
  });

  test('R15 a repeated Issue and a replayed Refresh after RevokeKey answer tokens of another key', async () => {
    const device = newDevice();
    const requestId = randomUUID();
    const first = await issued(tokens, device, { requestId });
    const other = await issued(tokens, newDevice());
    const rotated = await refreshed(tokens, other.refreshToken);
    const keyId = decodeProtectedHeader(first.accessToken).kid ?? '';
    await here.client(KeyService).revokeKey({ keyId });
    for (const each of [there.client(TokenService), tokens]) {
      const again = await issued(each, device, { requestId });
      expect(again.sessionId).toBe(first.sessionId);
      const replay = await each.refresh({ refreshToken: other.refreshToken });
      expect(replay.replayed).toBe(true);
      for (const accessToken of [again.accessToken, replay.tokens?.accessToken ?? '']) {
        expect(decodeProtectedHeader(accessToken).kid).not.toBe(keyId);
        for (const on of [tokens, there.client(TokenService)]) {
          expect(await verdictOf(on, accessToken)).toBe('ACTIVE');
        }
      }
    }
    for (const dead of [first, rotated]) {
      expect(['REVOKED', 'BAD_SIGNATURE']).toContain(await verdictOf(tokens, dead.accessToken));
    }
    // What the client holds that got the first answer goes on.
    const next = await refreshed(tokens, rotated.refreshToken);
    expect(await verdictOf(tokens, next.accessToken)).toBe('ACTIVE');
  });
});

describe('a request id', () => {
  test('is of no use to another caller', async () => {
    const device = newDevice();
    const requestId = randomUUID();
    const mine = await issued(tokens, device, { requestId });
    const { apiKey } = await here.client(CallerService).createCaller({
      ...{ name: 'thief', permissions: [1], tenants: ['acme'] },
    });
    const thief = here.client(TokenService, apiKey);
    for (const policy of [0, 1, 2, 3]) {
      expect(await failureOf(thief.issue({ device, requestId, policy }))).toMatchObject({
        code: 'InvalidArgument',
        reason: 'INVALID_FIELD',
        metadata: { field: 'request_id' },
      });
    }
    expect(await verdictOf(tokens, mine.accessToken)).toBe('ACTIVE');
    expect((await issued(tokens, device, { requestId })).tokenId).toBe(mine.tokenId);
  });

  test.each<[string, object]>([
    ['scopes', { scopes: ['read', 'write'] }],
    ['other scopes', { scopes: ['admin'] }],
    ['another audience', { audiences: ['other'] }],
    ['claims', { claims: { plan: 'gold' } }],
    ['metadata', { metadata: { label: 'another' } }],
    ['an access lifetime', { accessLifetime: { seconds: 5n } }],
    ['a refresh lifetime', { refreshLifetime: { seconds: 5n } }],
    ['a session lifetime', { sessionLifetime: { seconds: 5n } }],
    ['a policy', { policy: 3 }],
    ['a proof', { policy: 3, proof: 'x' }],
    ['a client', { clientId: 'another' }],
  ])('is not answered again to a request with %s', async (_what, wish) => {
    const device = newDevice();
    const requestId = randomUUID();
    const first = await issued(tokens, device, { requestId, scopes: ['read'] });
    const call = tokens.issue({ device, requestId, scopes: ['read'], ...wish });
    expect(await failureOf(call)).toMatchObject({
      reason: 'INVALID_FIELD',
      metadata: { field: 'request_id' },
    });
    expect(await verdictOf(tokens, first.accessToken)).toBe('ACTIVE');
  });

  test('is answered again whatever the order of a map', async () => {
    const device = newDevice();
    const requestId = randomUUID();
    const wish = (names: string[]) => ({
      requestId,
      claims: { deep: Object.fromEntries(names.map((name) => [name, name])) },
      metadata: { attributes: Object.fromEntries(names.map((name) => [name, name])) },
    });
    const first = await issued(tokens, device, wish(['b', 'a', 'c']));
    expect((await issued(tokens, device, wish(['c', 'b', 'a']))).tokenId).toBe(first.tokenId);
  });
});
