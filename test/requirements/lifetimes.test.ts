import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer, TokenService } from '../setup/server.ts';
import { issued, newDevice, refreshed, type Tokens } from '../wire/issued.ts';

let server: TestServer;
let tokens: Tokens;

beforeAll(async () => {
  server = await startTestServer({
    SIGNUM_ACCESS_LIFETIME: '2m',
    SIGNUM_REFRESH_LIFETIME: '3h',
    SIGNUM_SESSION_LIFETIME: '5h',
  });
  tokens = server.client(TokenService);
});
afterAll(() => server.close());

function lifetimeS(token: string): number {
  const { iat = 0, exp = 0 } = decodeJwt(token);
  return exp - iat;
}

test('R4 the lifetime of access tokens is configured', async () => {
  const { accessToken, refreshToken } = await issued(tokens, newDevice());
  expect(lifetimeS(accessToken)).toBe(120);
  expect(lifetimeS((await refreshed(tokens, refreshToken)).accessToken)).toBe(120);
});

test('R5 the lifetime of refresh tokens is configured', async () => {
  const { refreshToken } = await issued(tokens, newDevice());
  expect(lifetimeS(refreshToken)).toBe(3 * 3_600);
  expect(lifetimeS((await refreshed(tokens, refreshToken)).refreshToken)).toBe(3 * 3_600);
});

test('R5 a refresh lifetime shorter than the access lifetime does not start', async () => {
  const env = { SIGNUM_ACCESS_LIFETIME: '2m', SIGNUM_REFRESH_LIFETIME: '1m' };
  const redis = { SIGNUM_REDIS_URL: server.redisUrl };
  await expect(startTestServer({ ...env, ...redis })).rejects.toThrow('SIGNUM_ACCESS_LIFETIME');
});
