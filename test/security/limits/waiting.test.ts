import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer, TokenService } from '../../setup/server.ts';
import { failureOf } from '../../wire/failure.ts';
import { issued, newDevice, type Tokens } from '../../wire/issued.ts';

/** Few, so that those who wait would hold them all. */
const PLACES = 64;
const MORE_REPLICAS = { replicas: 16 };

let server: TestServer;
let tokens: Tokens;

beforeAll(async () => {
  server = await startTestServer({ SIGNUM_MAX_INFLIGHT: String(PLACES) });
  tokens = server.client(TokenService);
});
afterAll(() => server.close());

test('the holder of a token cannot have the service wait for more than the deployment does', async () => {
  const { accessToken, refreshToken } = await issued(tokens, newDevice());
  const anybody = server.client(TokenService, null);
  const asHolder = (value: string) =>
    anybody.revoke({ subject: { case: 'token', value }, durability: MORE_REPLICAS });
  for (const token of [accessToken, refreshToken]) {
    expect(await failureOf(asHolder(token))).toMatchObject({ reason: 'PERMISSION_DENIED' });
  }
  const user = server.client(TokenService, accessToken);
  const own = user.revokeUser({ tenantId: 'acme', userId: 'x', durability: MORE_REPLICAS });
  expect(await failureOf(own)).toMatchObject({ reason: 'PERMISSION_DENIED' });
  const subject = { case: 'token', value: refreshToken } as const;
  expect((await anybody.revoke({ subject })).revokedCount).toBe(1);
});

test('many who ask for replicas that there are not hold no places', async () => {
  const device = newDevice();
  const { accessToken } = await issued(tokens, newDevice());
  const dead = { case: 'device', value: device } as const;
  const waiting = Array.from({ length: PLACES - 8 }, () =>
    failureOf(tokens.revoke({ subject: dead, durability: MORE_REPLICAS }, { timeoutMs: 10_000 })),
  );
  // Nobody has to wait until the deadline of those.
  await Promise.all(waiting);
  for (const failure of await Promise.all(waiting)) {
    expect(['DURABILITY_UNCONFIRMED', 'OVERLOADED']).toContain(failure.reason);
  }
  const subject = { case: 'token', value: accessToken } as const;
  expect((await tokens.validate({ subject })).active).toBe(true);
});
