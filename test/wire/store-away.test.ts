import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { startTestServer, type TestServer, TokenService } from '../setup/server.ts';
import { startTopology } from '../setup/topology.ts';
import { failureOf } from './failure.ts';
import { issued, newDevice } from './issued.ts';
import { clientsOf, PROTOCOLS } from './protocols.ts';

let server: TestServer;
let accessToken: string;

beforeAll(async () => {
  const redis = await startTopology(inject('redis').topology);
  server = await startTestServer({ SIGNUM_REDIS_URL: redis.url });
  ({ accessToken } = await issued(server.client(TokenService), newDevice()));
  await redis.stop();
});
afterAll(() => server.close());

test.each(PROTOCOLS)('by %s a store that is away is STORE_UNAVAILABLE', async (protocol) => {
  const { tokens, keys } = clientsOf(server, protocol);
  const failures = await Promise.all([
    failureOf(tokens.validate({ subject: { case: 'token', value: accessToken } })),
    failureOf(tokens.issue({ device: newDevice() })),
    failureOf(tokens.revoke({ subject: { case: 'token', value: accessToken } })),
  ]);
  for (const failure of failures) {
    expect(failure).toMatchObject({ code: 'Unavailable', reason: 'STORE_UNAVAILABLE' });
    expect(failure.retryAfterMs).toBeGreaterThan(0);
  }
  // What needs no store goes on.
  expect((await keys.getJwks({})).jwksJson).toContain('"kid"');
});

test('a store that is away makes the server not ready, and leaves it alive', async () => {
  const ready = async () => (await fetch(`${server.opsAddress}/readyz`)).status;
  await expect.poll(ready, { timeout: 20_000, interval: 200 }).toBe(503);
  expect((await fetch(`${server.opsAddress}/livez`)).status).toBe(200);
}, 30_000);
