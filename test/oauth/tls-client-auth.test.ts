import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type ClientIdentity,
  createTestCertificates,
  type TestCertificates,
} from '../listeners/certificates.ts';
import { send } from '../listeners/send.ts';
import {
  CallerService,
  ISSUER,
  startTestServer,
  type TestServer,
  TokenService,
} from '../setup/server.ts';
import { issued, newDevice, verdictOf } from '../wire/issued.ts';

let signum: TestServer;
let clients: TestCertificates;
let api: ClientIdentity;
let stranger: ClientIdentity;

beforeAll(async () => {
  clients = await createTestCertificates();
  signum = await startTestServer({ SIGNUM_TLS_CLIENT_CA_FILE: clients.files.clientCaFile });
  [api, stranger] = [await clients.client('api'), await clients.client('stranger')];
  await signum.client(CallerService).createCaller({
    name: 'api',
    certificateNames: ['DNS:api'],
    permissions: [Permission.VALIDATE, Permission.REVOKE, Permission.REFRESH],
    tenants: ['acme'],
  });
});
afterAll(async () => {
  await signum.close();
  clients.remove();
});

/** `fetch` over connections that show a certificate (RFC 8705 section 2.1). */
function options(identity: ClientIdentity | undefined) {
  const reach = async (
    url: string,
    init: { method?: string; headers?: Record<string, string>; body?: unknown },
  ) => {
    const { status, headers, body } = await send({
      ...{ version: '1.1', port: signum.server.addresses.public.port, ca: Buffer.from(signum.ca) },
      ...{ path: new URL(url).pathname, method: init.method ?? 'GET', identity },
      headers: Object.fromEntries(new Headers(init.headers)),
      body: init.body === undefined ? '' : String(init.body),
    });
    const flat = Object.entries(headers).map(([name, value]) => [name, String(value)] as const);
    return new Response(body.toString(), { status, headers: flat.map(([...pair]) => pair) });
  };
  return { [oauth.customFetch]: reach as never };
}

async function discover(): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(ISSUER);
  const answer = await oauth.discoveryRequest(issuer, {
    ...options(undefined),
    algorithm: 'oauth2',
  });
  return oauth.processDiscoveryResponse(issuer, answer);
}

const client: oauth.Client = { client_id: 'api' };

test('metadata says that certificates are taken, at every endpoint', async () => {
  const server = await discover();
  for (const endpoint of ['token', 'revocation', 'introspection']) {
    expect(server[`${endpoint}_endpoint_auth_methods_supported`]).toContain('tls_client_auth');
  }
});

test('oauth4webapi introspects, refreshes and revokes by certificate alone', async () => {
  const server = await discover();
  const tokens = signum.client(TokenService);
  const pair = await issued(tokens, newDevice(), { scopes: ['read'] });
  const byCertificate = oauth.TlsClientAuth();
  const told = await oauth.processIntrospectionResponse(
    server,
    client,
    await oauth.introspectionRequest(server, client, byCertificate, pair.accessToken, options(api)),
  );
  expect(told).toMatchObject({ active: true, scope: 'read' });
  const refreshed = await oauth.processRefreshTokenResponse(
    server,
    client,
    await oauth.refreshTokenGrantRequest(
      server,
      client,
      byCertificate,
      pair.refreshToken,
      options(api),
    ),
  );
  const { access_token } = refreshed;
  expect(await verdictOf(tokens, access_token)).toBe('ACTIVE');
  await oauth.processRevocationResponse(
    await oauth.revocationRequest(server, client, byCertificate, access_token, options(api)),
  );
  expect(await verdictOf(tokens, access_token)).toBe('REVOKED');
});

test.each<[string, () => ClientIdentity | undefined]>([
  ['no certificate', () => undefined],
  ['one of nobody that is known', () => stranger],
])('a client that shows %s introspects nothing', async (_what, identity) => {
  const server = await discover();
  const { accessToken } = await issued(signum.client(TokenService), newDevice());
  const answer = await oauth.introspectionRequest(
    server,
    client,
    oauth.TlsClientAuth(),
    accessToken,
    options(identity()),
  );
  expect([answer.status, await answer.json()]).toEqual([
    401,
    expect.objectContaining({ error: 'invalid_client' }),
  ]);
});

test('a client that shows a certificate cannot call itself by another name', async () => {
  const server = await discover();
  const { accessToken } = await issued(signum.client(TokenService), newDevice());
  const other = { client_id: 'other-api' };
  const answer = await oauth.introspectionRequest(
    server,
    other,
    oauth.TlsClientAuth(),
    accessToken,
    options(api),
  );
  expect(answer.status).toBe(401);
});
