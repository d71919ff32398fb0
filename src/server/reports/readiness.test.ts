import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { startTestRedis } from '../../../test/setup/redis.ts';
import { ask } from '../../../test/setup/redis-sentinel.ts';
import { startTestServer } from '../../../test/setup/server.ts';
import { parseInfo } from '../../store/client/health.ts';
import { StoreUnfit } from './readiness.ts';

test('a server that shall wait for the disk refuses to start where Redis has no WAITAOF', async () => {
  const redis = await startTestRedis();
  const env = {
    SIGNUM_REDIS_URL: redis.url,
    SIGNUM_SECRET: randomBytes(32).toString('base64url'),
  };
  try {
    const info = parseInfo(await ask(redis.port, (client) => client.info('server')));
    const version = info.get('redis_version') ?? '';
    const start = startTestServer({ ...env, SIGNUM_DURABILITY_FSYNC: 'true' });
    if (/^7\.[01]\./.test(version)) {
      await expect(start).rejects.toBeInstanceOf(StoreUnfit);
      await expect(start).rejects.toThrow(version);
    } else {
      await (await start).close();
    }
    // Without that wish the same Redis will do.
    await (await startTestServer(env)).close();
  } finally {
    await redis.stop();
  }
});
