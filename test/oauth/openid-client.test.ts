import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { send } from '../listeners/send.ts';
import { CallerService, startTestServer, type TestServer, TokenService } from '../setup/server.ts';

const ISSUER = 'https://signum.example/tenants/one';

let signum: TestServer;
let apiKey = '';

beforeAll(async () => {
  signum = await startTestServer({ SIGNUM_ISSUER: ISSUER });
  const caller = { name: 'api', permissions: [Permission.VALIDATE], tenants: ['acme'] };
  ({ apiKey } = await signum.client(CallerService).createCaller(caller));
});
afterAll(() => signum.close());

let devices = 0;
async function issue() {
  devices += 1;
  const device = { tenantId: 'acme', userId: 'ada', deviceId: `d${devices}` };
  const { tokens } = await signum.client(TokenService).issue({ device, scopes: ['read'] });
  return { accessToken: tokens?.accessToken ?? '', refreshToken: tokens?.refreshToken ?? '' };
}

/** Reaches the server at its real address, whatever the issuer is called. */
const reach: client.CustomFetch = async (url, { method, headers, body }) => {
  const { port } = signum.server.addresses.public;
  const answer = await send({
    ...{ version: '1.1', port, ca: Buffer.from(signum.ca), path: new URL(url).pathname },
    ...{ method, headers, body: body === undefined || body === null ? '' : String(body) },
  });
  const flat = Object.entries(answer.headers).map(([name, value]) => [name, String(value)]);
  const text = answer.body.toString();
  return new Response(text, { status: answer.status, headers: flat as [string, string][] });
};

function discover(id: string, authentication: client.ClientAuth) {
  const options = { algorithm: 'oauth2', [client.customFetch]: reach } as const;
  return client.discovery(new URL(ISSUER), id, undefined, authentication, options);
}

describe.each([
  ['client_secret_basic', client.ClientSecretBasic],
  ['client_secret_post', client.ClientSecretPost],
] as const)('openid-client with %s', (_method, authenticate) => {
  const asApi = () => discover('api', authenticate(apiKey));

  test('introspects what is good', async () => {
    const { accessToken } = await issue();
    const found = await client.tokenIntrospection(await asApi(), accessToken);
    expect(found).toMatchObject({ active: true, sub: 'ada', scope: 'read' });
  });

  test('learns of a token that was revoked nothing but that', async () => {
    const { accessToken } = await issue();
    await client.tokenRevocation(await discover('app', client.None()), accessToken);
    expect(await client.tokenIntrospection(await asApi(), accessToken)).toEqual({ active: false });
  });
});

describe('openid-client as an app without a secret', () => {
  const asApp = () => discover('app', client.None());

  test('refreshes, and is told invalid_grant when its session has ended', async () => {
    const { refreshToken } = await issue();
    const next = await client.refreshTokenGrant(await asApp(), refreshToken);
    expect(next.token_type).toBe('bearer');
    expect(next.expiresIn()).toBeGreaterThan(0);
    expect(next.refresh_token).not.toBe(refreshToken);
    await client.tokenRevocation(await asApp(), next.refresh_token ?? '');
    const ended = client.refreshTokenGrant(await asApp(), next.refresh_token ?? '');
    await expect(ended).rejects.toMatchObject({ error: 'invalid_grant', status: 400 });
  });
});
