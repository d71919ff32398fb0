import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestRedis } from '../../../test/setup/redis.ts';
import type { RedisProcess } from '../../dev/redis-process.ts';
import { createClient } from './client.ts';
import { explainConnectionError } from './connection-error.ts';
import { parseRedisUrl } from './where/url.ts';

const RIGHT = 'p-right-3Kd8';
const WRONG = 'p-wrong-9xQ2';

let redis: RedisProcess;
beforeAll(async () => {
  redis = await startTestRedis({ password: RIGHT });
});
afterAll(() => redis.stop());

/** The first error of a client, described. A Sentinel asks for its password as any Redis does. */
async function failureOf(url: string): Promise<string> {
  const client = createClient({
    url,
    commandTimeoutMs: 1000,
    connectTimeoutMs: 1000,
    name: 'signum-test',
  });
  const { promise, resolve } = Promise.withResolvers<Error>();
  client.on('error', resolve);
  client.connect().catch(() => undefined);
  try {
    return explainConnectionError(await promise, parseRedisUrl(url)).line;
  } finally {
    client.disconnect();
  }
}

const WRONG_FOR_USER =
  'SIGNUM_REDIS_URL has the wrong password for user ada, or Redis has no such user (WRONGPASS)';
const NONE =
  /^Redis wants a password, and SIGNUM_REDIS_URL has none, .*:password@host \((NOAUTH|WRONGPASS)\)$/;

test.each([
  ['a wrong password of a user', `redis://ada:${WRONG}@HERE`, WRONG_FOR_USER],
  ['the same of a Cluster', `redis+cluster://ada:${WRONG}@HERE`, WRONG_FOR_USER],
  [
    'a wrong password without a user',
    `redis://:${WRONG}@HERE`,
    'SIGNUM_REDIS_URL has the wrong password for the default user of Redis (WRONGPASS)',
  ],
  ['no password', 'redis://HERE', NONE],
  ['no password for a Cluster', 'redis+cluster://HERE', NONE],
  [
    'a wrong password of Sentinel',
    `redis+sentinel://:${RIGHT}@HERE/signum?sentinel_password=${WRONG}`,
    'SIGNUM_REDIS_URL has the wrong sentinel_password, or Sentinel has no such sentinel_username (WRONGPASS)',
  ],
])('%s is told by the setting, without a password', async (_, url, expected) => {
  const line = await failureOf(url.replace('HERE', `127.0.0.1:${redis.port}`));
  if (typeof expected === 'string') expect(line).toBe(expected);
  else expect(line).toMatch(expected);
  expect(line).not.toContain(RIGHT);
  expect(line).not.toContain(WRONG);
});

test.each([
  ['redis://127.0.0.1:1', 'connect ECONNREFUSED 127.0.0.1:1'],
  [
    'redis+sentinel://127.0.0.1:1/signum',
    'no Sentinel can be asked: connect ECONNREFUSED 127.0.0.1:1',
  ],
])('a server that is not there is told as it is: %s', async (url, expected) => {
  expect(await failureOf(url)).toBe(expected);
});

test('a command that Redis does not know is told without its arguments', () => {
  const error = new Error(
    `ERR unknown command 'AUTH', with args beginning with: 'ada' '${WRONG}"' `,
  );
  const target = parseRedisUrl(`redis://ada:${WRONG}@localhost`);
  expect(explainConnectionError(error, target).line).toBe("ERR unknown command 'AUTH'");
});

test('a Sentinel that wants a password is told by the setting that lacks it', () => {
  const error = new Error(
    'All sentinels are unreachable. Retrying from scratch after 10ms. Last error: NOAUTH Authentication required.',
  );
  expect(
    explainConnectionError(error, parseRedisUrl('redis+sentinel://localhost/signum')).line,
  ).toBe('Sentinel wants a password and SIGNUM_REDIS_URL has no sentinel_password (NOAUTH)');
});
