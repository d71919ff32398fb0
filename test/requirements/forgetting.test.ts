import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer, TokenService } from '../setup/server.ts';
import { issued, newDevice, verdictOf } from '../wire/issued.ts';
import { openStored, type Stored } from './stored.ts';

let server: TestServer;
let stored: Stored;

beforeAll(async () => {
  server = await startTestServer({ SIGNUM_CLOCK_SKEW: '6s', SIGNUM_SWEEP_INTERVAL: '100ms' });
  stored = openStored(server);
});
afterAll(async () => {
  stored.close();
  await server.close();
});

test('R9 the revoked table keeps a token no longer than that', async () => {
  const tokens = server.client(TokenService);
  const device = newDevice();
  const brief = { accessLifetime: { seconds: 1n }, refreshLifetime: { seconds: 2n } };
  const { tokenId, sessionId, accessToken } = await issued(tokens, device, brief);
  await tokens.revoke({ subject: { case: 'device', value: device } });
  expect(await stored.revoked(device, tokenId)).toMatchObject({ reason: 'LOGOUT' });
  const remembered = () =>
    Promise.all([tokenId, sessionId].map((id) => stored.revoked(device, id)));
  await expect.poll(remembered, { timeout: 40_000 }).toEqual([undefined, undefined]);
  expect(await verdictOf(tokens, accessToken)).toBe('UNKNOWN');
}, 60_000);
