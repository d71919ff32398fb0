import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../setup/server.ts';
import { failureOf } from './failure.ts';
import { newDevice, pairOf } from './issued.ts';
import { type PausableRedis, startPausableRedis } from './paused-redis.ts';
import { type Clients, clientsOf, PROTOCOLS } from './protocols.ts';

let redis: PausableRedis;
let server: TestServer;

beforeAll(async () => {
  redis = await startPausableRedis();
  server = await startTestServer({
    SIGNUM_REDIS_URL: redis.url,
    SIGNUM_REDIS_COMMAND_TIMEOUT: '10s',
  });
});
afterAll(() => redis.stop());

async function codeOf({ keys }: Clients): Promise<string> {
  // A call that needs no Redis: it is answered at once or not at all.
  return keys.getJwks({}, { timeoutMs: 5_000 }).then(
    () => 'OK',
    async (error) => (await failureOf(Promise.reject(error))).code,
  );
}

test('a server that goes down finishes what it has begun and takes nothing new', async () => {
  const clients = PROTOCOLS.map((protocol) => clientsOf(server, protocol));
  for (const each of clients) expect(await codeOf(each)).toBe('OK');

  await redis.pause();
  const begun = clients.map(({ tokens }) => tokens.issue({ device: newDevice() }));
  await redis.untilBusy();
  // Each connection's call has arrived once a later one on it is answered.
  for (const each of clients) expect(await codeOf(each)).toBe('OK');

  let closed = false;
  const closing = server.close().then(() => {
    closed = true;
  });
  const ready = async () => (await fetch(`${server.opsAddress}/readyz`)).status;
  await expect.poll(ready, { timeout: 10_000 }).toBe(503);
  for (const protocol of PROTOCOLS) {
    // The clients from before find their connections going away, new ones find no way in.
    const fresh = clientsOf(server, protocol);
    await expect.poll(() => codeOf(fresh), { timeout: 10_000 }).toBe('Unavailable');
  }
  for (const each of clients) {
    await expect.poll(() => codeOf(each), { timeout: 10_000 }).toBe('Unavailable');
  }
  expect(closed).toBe(false);

  await redis.resume();
  const answers = await Promise.all(begun);
  expect(answers.map((answer) => pairOf(answer).accessToken.split('.'))).toHaveLength(begun.length);
  await closing;
  await expect(fetch(`${server.opsAddress}/livez`)).rejects.toThrow();
}, 60_000);
