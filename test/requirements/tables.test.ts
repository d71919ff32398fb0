import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer, TokenService } from '../setup/server.ts';
import { issued, newDevice, refreshed, type Tokens, verdictOf } from '../wire/issued.ts';
import { clientsOf } from '../wire/protocols.ts';
import { openStored, type Stored } from './stored.ts';

const SKEW_MS = 60_000;
const SECOND = { seconds: 1n };

let server: TestServer;
let tokens: Tokens;
let stored: Stored;

beforeAll(async () => {
  server = await startTestServer({ SIGNUM_SWEEP_INTERVAL: '100ms' });
  tokens = server.client(TokenService);
  stored = openStored(server);
});
afterAll(async () => {
  stored.close();
  await server.close();
});

/** `exp` in milliseconds. */
function expiryOf(token: string): number {
  return (decodeJwt(token).exp ?? 0) * 1_000;
}

describe('R8 expired and revoked tokens move from the active to the revoked table', () => {
  test('R8 a session that has expired is moved without anybody asking for it', async () => {
    const device = newDevice();
    const brief = { accessLifetime: SECOND, refreshLifetime: SECOND };
    const { tokenId, sessionId } = await issued(tokens, device, brief);
    await expect.poll(() => stored.session(device), { timeout: 15_000 }).toEqual({});
    expect(await stored.revoked(device, tokenId)).toMatchObject({ reason: 'EXPIRED' });
    expect(await stored.revoked(device, sessionId)).toMatchObject({ reason: 'EXPIRED' });
    expect((await stored.user(device)).devices).toEqual([]);
    expect((await tokens.listSessions(device)).sessions).toEqual([]);
  });

  test('R8 a revoked token is moved at once', async () => {
    const device = newDevice();
    const { tokenId } = await issued(tokens, device);
    expect(await stored.session(device)).toMatchObject({ jti: tokenId });
    expect(await stored.revoked(device, tokenId)).toBeUndefined();
    await tokens.revoke({ subject: { case: 'device', value: device } });
    expect(await stored.session(device)).toEqual({});
    expect(await stored.revoked(device, tokenId)).toMatchObject({ reason: 'LOGOUT' });
  });

  test('R8 a token that was superseded or rotated is moved as well', async () => {
    const device = newDevice();
    const first = await issued(tokens, device);
    const second = await issued(tokens, device);
    const third = await refreshed(tokens, second.refreshToken);
    expect(await stored.revoked(device, first.tokenId)).toMatchObject({ reason: 'SUPERSEDED' });
    expect(await stored.revoked(device, second.tokenId)).toMatchObject({ reason: 'ROTATED' });
    expect(await stored.revoked(device, third.tokenId)).toBeUndefined();
    expect(await stored.session(device)).toMatchObject({ jti: third.tokenId });
  });
});

describe('R9 the revoked table keeps a token until its expiry plus the clock skew', () => {
  test.each([
    ['the longest life', {}],
    ['a shortened one', { accessLifetime: { seconds: 77n }, refreshLifetime: { seconds: 99n } }],
  ])('R9 to the millisecond, for %s', async (_, wish) => {
    const device = newDevice();
    const pair = await issued(tokens, device, wish);
    await tokens.revoke({ subject: { case: 'token', value: pair.accessToken } });
    const token = await stored.revoked(device, pair.tokenId);
    expect(token?.forgottenAtMs).toBe(expiryOf(pair.accessToken) + SKEW_MS);
    const session = await stored.revoked(device, pair.sessionId);
    expect(session?.forgottenAtMs).toBe(expiryOf(pair.refreshToken) + SKEW_MS);
  });

  test('R9 a rotated token is kept until its own expiry, not that of its successor', async () => {
    const device = newDevice();
    const wish = { accessLifetime: { seconds: 300n } };
    const { accessToken, refreshToken, tokenId } = await issued(tokens, device, wish);
    await refreshed(tokens, refreshToken);
    const entry = await stored.revoked(device, tokenId);
    expect(entry?.forgottenAtMs).toBe(expiryOf(accessToken) + SKEW_MS);
  });
});

describe('R10 a gRPC endpoint revokes a token in one atomic step', () => {
  test('R10 logging out over gRPC takes the token from the one table to the other', async () => {
    const { tokens: app } = clientsOf(server, 'gRPC on the gRPC listener', null);
    const device = newDevice();
    const { accessToken, tokenId } = await issued(tokens, device);
    const answer = await app.revoke({ subject: { case: 'token', value: accessToken } });
    expect(answer.revokedCount).toBe(1);
    expect(await stored.session(device)).toEqual({});
    expect(await stored.revoked(device, tokenId)).toMatchObject({ reason: 'LOGOUT' });
    expect(await verdictOf(tokens, accessToken)).toBe('REVOKED');
    const again = await app.revoke({ subject: { case: 'token', value: accessToken } });
    expect(again.revokedCount).toBe(0);
  });

  test('R10 by its ids, by its session, by its device and by its refresh token', async () => {
    const { tokens: grpc } = clientsOf(server, 'gRPC on the gRPC listener');
    for (const by of ['ids', 'session', 'device', 'refresh token'] as const) {
      const device = newDevice();
      const { accessToken, refreshToken, tokenId, sessionId } = await issued(tokens, device);
      const subject = {
        ids: { case: 'ids', value: { ...device, tokenId } },
        session: { case: 'session', value: { device, sessionId } },
        device: { case: 'device', value: device },
        'refresh token': { case: 'token', value: refreshToken },
      } as const;
      expect((await grpc.revoke({ subject: subject[by] })).revokedCount).toBe(1);
      expect(await verdictOf(tokens, accessToken)).toBe('REVOKED');
      expect(await stored.revoked(device, tokenId)).toMatchObject({ reason: 'LOGOUT' });
    }
  });
});
