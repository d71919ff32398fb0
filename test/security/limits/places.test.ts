import { createClient } from '@connectrpc/connect';
import { Authorization } from '@signum/contract/envoy/service/auth/v3/external_auth_pb.js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../setup/server.ts';
import { reasonOf } from '../../wire/failure.ts';
import { httpsRequest } from '../../wire/https-request.ts';
import { issued, newDevice, type Tokens } from '../../wire/issued.ts';
import { type PausableRedis, startPausableRedis } from '../../wire/paused-redis.ts';
import { clientsOf, type Protocol, transportOf } from '../../wire/protocols.ts';

/** Few, so that they are soon taken. */
const PLACES = 8;

let redis: PausableRedis;
let server: TestServer;

beforeAll(async () => {
  redis = await startPausableRedis();
  server = await startTestServer({
    SIGNUM_REDIS_URL: redis.url,
    SIGNUM_REDIS_COMMAND_TIMEOUT: '10s',
    SIGNUM_DEADLINE_DEFAULT: '60s',
    SIGNUM_DEADLINE_MAX: '60s',
    SIGNUM_MAX_INFLIGHT: String(PLACES),
  });
});
afterAll(async () => {
  await server?.close();
  await redis?.stop();
});

interface Flood {
  readonly tokens: Tokens;
  readonly protocol: Protocol;
  readonly userId: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

const user = { tenantId: 'acme', userId: 'everybody' };
const ids = { ...user, deviceId: 'd', tokenId: crypto.randomUUID() };
const batch = Array.from({ length: 256 }, () => ({
  subject: { case: 'ids' as const, value: ids },
}));
const form = { 'content-type': 'application/x-www-form-urlencoded' };
const post = async (path: string, body: string) => {
  const headers = { ...form, authorization: `Bearer ${server.adminKey}` };
  const { status } = await httpsRequest(server, path, { method: 'POST', headers, body });
  return status === 200;
};

/** Whatever waits for the store, and whether it is asked for on the public listener only. */
const FLOODS: [name: string, call: (flood: Flood) => Promise<unknown>, only?: 'public'][] = [
  ['ListSessions', ({ tokens, userId }) => tokens.listSessions({ tenantId: 'acme', userId })],
  ['GetSession', ({ tokens }) => tokens.getSession({ device: { ...user, deviceId: 'd' } })],
  ['BatchValidate', ({ tokens }) => tokens.batchValidate({ items: batch })],
  ['Issue', ({ tokens }) => issued(tokens, newDevice())],
  ['Refresh', ({ tokens, refreshToken }) => tokens.refresh({ refreshToken })],
  ['Revoke', ({ tokens }) => tokens.revoke({ subject: { case: 'ids', value: ids } })],
  ['RevokeUser', ({ tokens }) => tokens.revokeUser(user)],
  ['RevokeTenant', ({ tokens }) => tokens.revokeTenant({ tenantId: 'nobody' })],
  [
    'Check',
    ({ protocol, accessToken }) =>
      createClient(Authorization, transportOf(server, protocol, null)).check(
        {
          attributes: {
            request: { http: { headers: { authorization: `Bearer ${accessToken}` } } },
          },
        },
        { headers: { 'x-signum-key': server.adminKey } },
      ),
  ],
  [
    '/authz',
    ({ accessToken }) =>
      httpsRequest(server, '/authz', {
        headers: { authorization: `Bearer ${accessToken}`, 'x-signum-key': server.adminKey },
      }),
    'public',
  ],
  [
    'introspection',
    ({ accessToken }) => post('/oauth2/introspect', `token=${accessToken}`),
    'public',
  ],
  [
    'OAuth revocation',
    ({ accessToken }) => post('/oauth2/revoke', `token=${accessToken}`),
    'public',
  ],
  [
    'OAuth refresh',
    ({ refreshToken }) =>
      post('/oauth2/token', `grant_type=refresh_token&refresh_token=${refreshToken}`),
    'public',
  ],
];

const LISTENERS = [
  'Connect binary on HTTP/1.1',
  'gRPC on the public listener',
  'gRPC on the gRPC listener',
] as const;

describe.each(LISTENERS)('by %s', (protocol) => {
  beforeEach(() => redis.pause());
  afterEach(() => redis.resume());

  const floods = FLOODS.filter(([, , only]) => !only || protocol === LISTENERS[0]);

  test.each(floods.map(([name, call]) => ({ name, call })))(
    'a flood of $name takes no places of other calls',
    async ({ name, call }) => {
      await redis.resume();
      const { tokens } = clientsOf(server, protocol);
      const good = await issued(tokens, newDevice());
      const device = newDevice();
      const used = { ...(await issued(tokens, device)), userId: device.userId };
      await redis.pause();
      const flood = Array.from({ length: 3 * PLACES }, () =>
        call({ tokens, protocol, ...used }).then(
          () => 'OK',
          (error: unknown) => reasonOf(Promise.reject(error)),
        ),
      );
      await expect.poll(callsInFlight, { timeout: 10_000 }).toBe(PLACES);

      const subject = { case: 'token', value: good.accessToken } as const;
      const others: readonly (readonly [string, () => Promise<unknown>])[] = [
        ['Validate', () => tokens.validate({ subject })],
        ['Refresh', () => tokens.refresh({ refreshToken: good.refreshToken })],
        ['Revoke', () => tokens.revoke({ subject: { case: 'device', value: newDevice() } })],
      ];
      const spared = others.filter(([other]) => other !== name);
      // As many as there are places for, each of its own kind.
      const answers = spared.flatMap(([, ask]) => [ask(), ask()]);
      const outcomes = Promise.allSettled(answers);
      await expect.poll(callsInFlight, { timeout: 10_000 }).toBe(PLACES + answers.length);
      await redis.resume();
      for (const { status } of await outcomes) expect(status).toBe('fulfilled');
      await Promise.all(flood);
    },
  );
});

/** As operators see it. */
async function callsInFlight(): Promise<number> {
  const text = await (await fetch(`${server.opsAddress}/metrics`)).text();
  return Number(/^signum_calls_in_flight (\d+)$/m.exec(text)?.[1]);
}
