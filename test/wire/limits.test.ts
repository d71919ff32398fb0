import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../setup/server.ts';
import { failureOf, reasonOf } from './failure.ts';
import { httpsRequest } from './https-request.ts';
import { issued, newDevice } from './issued.ts';
import { type PausableRedis, startPausableRedis } from './paused-redis.ts';
import { clientsOf, PROTOCOLS, type Protocol } from './protocols.ts';

const MAX_INFLIGHT = 4;

let redis: PausableRedis;
let server: TestServer;

beforeAll(async () => {
  redis = await startPausableRedis();
  server = await startTestServer({
    SIGNUM_REDIS_URL: redis.url,
    SIGNUM_REDIS_COMMAND_TIMEOUT: '10s',
    // A call or stream that is left behind keeps the server from closing, and fails this file.
    SIGNUM_DRAIN_TIMEOUT: '10m',
    SIGNUM_MAX_INFLIGHT: String(MAX_INFLIGHT),
    SIGNUM_RATE_USER: '1/h:2',
    SIGNUM_MAX_MESSAGE: '16KiB',
    SIGNUM_MAX_BATCH_MESSAGE: '64KiB',
  });
});
afterAll(async () => {
  await server.close();
  await redis.stop();
});

describe.each(PROTOCOLS)('by %s', (protocol: Protocol) => {
  const tokens = () => clientsOf(server, protocol).tokens;

  test('too many Issue calls for one user are RATE_LIMITED, and told when to come back', async () => {
    const device = newDevice();
    await issued(tokens(), device);
    await issued(tokens(), device);
    const failure = await failureOf(tokens().issue({ device }));
    expect(failure).toMatchObject({
      code: 'ResourceExhausted',
      reason: 'RATE_LIMITED',
      metadata: { limit: 'user' },
    });
    expect(failure.retryAfterMs).toBeGreaterThan(0);
    expect(failure.retryAfterMs).toBeLessThanOrEqual(3_600_000);
    await issued(tokens(), newDevice());
  });

  test('a message beyond the limit is refused, and the connection goes on', async () => {
    const client = tokens();
    const metadata = { attributes: { a: 'x'.repeat(20_000) } };
    for (let i = 0; i < 6; i++) {
      const failure = await failureOf(client.issue({ device: newDevice(), metadata }));
      expect(failure).toMatchObject({ code: 'ResourceExhausted', reason: 'MESSAGE_TOO_LARGE' });
      await issued(client, newDevice());
    }
    // A batch may be larger, up to its own limit.
    const value = 'x'.repeat(4_000);
    const items = (count: number) =>
      Array.from({ length: count }, () => ({ subject: { case: 'token', value } }) as const);
    expect((await client.batchValidate({ items: items(8) })).results).toHaveLength(8);
    for (let i = 0; i < 6; i++) {
      const large = await failureOf(client.batchValidate({ items: items(60) }));
      expect(large).toMatchObject({ code: 'ResourceExhausted', reason: 'MESSAGE_TOO_LARGE' });
      await issued(client, newDevice());
    }
  });

  describe('while the store does not answer', () => {
    beforeEach(() => redis.pause());
    afterEach(() => redis.resume());

    test('a call fails by its deadline', async () => {
      const call = tokens().issue({ device: newDevice() }, { timeoutMs: 200 });
      expect(await failureOf(call)).toMatchObject({ code: 'DeadlineExceeded' });
    });

    test('a call with a deadline of 1 ms fails, and the next one is answered', async () => {
      const client = tokens();
      const call = client.issue({ device: newDevice() }, { timeoutMs: 1 });
      expect(await failureOf(call)).toMatchObject({ code: 'DeadlineExceeded' });
      await redis.resume();
      await issued(client, newDevice());
    });

    test('a call can be cancelled, and its place is free again', async () => {
      const client = tokens();
      for (let i = 0; i < MAX_INFLIGHT + 1; i++) {
        const abort = new AbortController();
        const call = failureOf(client.issue({ device: newDevice() }, { signal: abort.signal }));
        await redis.untilBusy();
        abort.abort();
        expect(await call).toMatchObject({ code: 'Canceled' });
      }
      await redis.resume();
      await expect.poll(() => answered(client.issue({ device: newDevice() }))).toBe(true);
    });

    test('calls beyond what the server takes are OVERLOADED at once, the others finish', async () => {
      const client = tokens();
      const accepted: Promise<unknown>[] = [];
      const refused: (string | undefined)[] = [];
      const calls = Array.from({ length: MAX_INFLIGHT + 3 }, () => {
        const call = client.issue({ device: newDevice() });
        accepted.push(call);
        return call.catch(async () => {
          refused.push(await reasonOf(call));
        });
      });
      await expect.poll(() => refused, { timeout: 10_000 }).toEqual(Array(3).fill('OVERLOADED'));
      const failure = await failureOf(client.issue({ device: newDevice() }));
      expect(failure).toEqual({
        code: 'ResourceExhausted',
        reason: 'OVERLOADED',
        metadata: {},
        retryAfterMs: 200,
      });
      expect(await callsInFlight()).toBe(MAX_INFLIGHT);
      await redis.resume();
      await Promise.all(calls);
      expect(await callsInFlight()).toBe(0);
      const settled = await Promise.allSettled(accepted);
      const finished = settled.filter(({ status }) => status === 'fulfilled');
      expect(finished).toHaveLength(MAX_INFLIGHT);
    });
  });
});

/** As operators see it. */
async function callsInFlight(): Promise<number> {
  const text = await (await fetch(`${server.opsAddress}/metrics`)).text();
  return Number(/^signum_calls_in_flight (\d+)$/m.exec(text)?.[1]);
}

async function answered(call: Promise<unknown>): Promise<boolean> {
  return call.then(
    () => true,
    () => false,
  );
}

test('the server itself gives up at the deadline that the client names', async () => {
  await redis.pause();
  try {
    const answer = await httpsRequest(server, '/signum.v1.TokenService/Issue', {
      method: 'POST',
      headers: {
        authorization: `Bearer ${server.adminKey}`,
        'content-type': 'application/json',
        'connect-timeout-ms': '100',
      },
      body: JSON.stringify({ device: newDevice() }),
    });
    expect(answer.status).toBe(504);
    const { code, details } = JSON.parse(answer.body);
    expect(code).toBe('deadline_exceeded');
    expect(details[0].debug.reason).toBe('DEADLINE_EXCEEDED');
  } finally {
    await redis.resume();
  }
});
