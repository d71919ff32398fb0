import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { send } from '../listeners/send.ts';
import { emptyDatabaseUrl } from '../setup/redis.ts';
import { CallerService, startTestServer, type TestServer } from '../setup/server.ts';
import { startTcpProxy, type TcpProxy } from '../setup/tcp-proxy.ts';
import { type IssuedTokens, issueAt } from './client-lab.ts';

let redis: TcpProxy;
let signum: TestServer;
let apiKey = '';
let pair: IssuedTokens;

beforeAll(async () => {
  const url = new URL(await emptyDatabaseUrl());
  redis = await startTcpProxy(Number(url.port));
  url.port = String(redis.port);
  signum = await startTestServer({
    SIGNUM_REDIS_URL: url.href,
    SIGNUM_REDIS_COMMAND_TIMEOUT: '2s',
  });
  const permissions = [Permission.VALIDATE, Permission.REVOKE, Permission.REFRESH];
  const caller = { name: 'api', permissions, tenants: ['acme'] };
  ({ apiKey } = await signum.client(CallerService).createCaller(caller));
  pair = await issueAt(signum);
});
afterAll(async () => {
  await signum?.close();
  await redis?.stop();
});

async function post(path: string, form: Record<string, string>) {
  const { port } = signum.server.addresses.public;
  const authorization = `Basic ${Buffer.from(`api:${apiKey}`).toString('base64')}`;
  const { status, headers, body } = await send({
    ...{ version: '1.1', port, ca: Buffer.from(signum.ca), method: 'POST', path },
    headers: { 'content-type': 'application/x-www-form-urlencoded', authorization },
    body: new URLSearchParams(form).toString(),
  });
  const text = body.toString();
  return { status, headers, json: text === '' ? undefined : JSON.parse(text) };
}

test('without Redis nothing is called inactive, revoked or used up: it can be tried again', async () => {
  const { accessToken, refreshToken } = pair;
  const calls = () =>
    Promise.all([
      post('/oauth2/introspect', { token: accessToken }),
      post('/oauth2/introspect', { token: 'rubbish' }),
      post('/oauth2/token', { grant_type: 'refresh_token', refresh_token: refreshToken }),
      post('/oauth2/token', {
        ...{ grant_type: 'refresh_token', refresh_token: refreshToken, scope: 'read write' },
      }),
      post('/oauth2/revoke', { token: accessToken }),
    ]);
  redis.blackhole();
  try {
    const [known, rubbish, ...others] = await calls();
    for (const { status, headers, json } of [known, ...others]) {
      expect([status, json.error]).toEqual([503, 'temporarily_unavailable']);
      expect(json).toMatchObject({ signum_reason: 'STORE_UNAVAILABLE' });
      expect(Number(headers['retry-after'])).toBeGreaterThan(0);
      expect(headers['content-type']).toBe('application/json');
      expect(headers['cache-control']).toContain('no-store');
      expect(headers).not.toHaveProperty('www-authenticate');
    }
    // No store is needed to tell that this is no token.
    expect([rubbish.status, rubbish.json]).toEqual([200, { active: false }]);
  } finally {
    redis.heal();
  }
  // Nothing of it has come through.
  const introspect = async () => (await post('/oauth2/introspect', { token: accessToken })).json;
  await expect.poll(introspect, { timeout: 15_000 }).toMatchObject({ active: true });
  const refresh = { grant_type: 'refresh_token', refresh_token: refreshToken };
  expect((await post('/oauth2/token', refresh)).status).toBe(200);
});
