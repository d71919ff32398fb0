import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer, TokenService } from '../setup/server.ts';
import { issued, newDevice } from '../wire/issued.ts';

let server: TestServer;
let hasWaitaof: boolean;

beforeAll(async () => {
  server = await startTestServer();
  const redis = new Redis(server.redisUrl);
  hasWaitaof = ((await redis.call('COMMAND', 'LIST')) as string[]).includes('waitaof');
  redis.disconnect();
});
afterAll(() => server.close());

test('R6 a revocation is on disk when it is acknowledged, whether or not its client names a deadline', async ({
  skip,
}) => {
  skip(!hasWaitaof, 'this Redis has no WAITAOF');
  const tokens = server.client(TokenService);
  // With appendfsync everysec each waits for the next flush, which begins a second after the last.
  for (const options of [{}, {}, { timeoutMs: 9_000 }]) {
    const device = newDevice();
    await issued(tokens, device);
    const subject = { case: 'device', value: device } as const;
    const { revokedCount, durability } = await tokens.revoke(
      { subject, durability: { fsync: true } },
      options,
    );
    expect({ revokedCount, fsync: durability?.fsync }).toEqual({ revokedCount: 1, fsync: true });
  }
}, 60_000);
