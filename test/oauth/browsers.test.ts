import { afterAll, beforeAll, expect, test } from 'vitest';
import { send } from '../listeners/send.ts';
import { startTestServer, type TestServer } from '../setup/server.ts';
import { clientOf } from './http.ts';

const ORIGIN = 'https://app.example';

let signum: TestServer;
const { post, reach } = clientOf(() => signum);

beforeAll(async () => {
  signum = await startTestServer({
    SIGNUM_ISSUER: 'https://id.example/tenants/one',
    SIGNUM_PUBLIC_URL: 'https://tokens.example:8443',
    SIGNUM_CORS_ORIGINS: ORIGIN,
  });
});
afterAll(() => signum.close());

const namesIn = (header: unknown) =>
  String(header)
    .split(',')
    .map((name) => name.trim().toLowerCase());

test('metadata names the endpoints where clients reach them, not at the issuer', async () => {
  const at = 'https://id.example/.well-known/oauth-authorization-server/tenants/one';
  expect(await (await reach(at, {})).json()).toMatchObject({
    issuer: 'https://id.example/tenants/one',
    jwks_uri: 'https://tokens.example:8443/.well-known/jwks.json',
    token_endpoint: 'https://tokens.example:8443/oauth2/token',
    revocation_endpoint: 'https://tokens.example:8443/oauth2/revoke',
    introspection_endpoint: 'https://tokens.example:8443/oauth2/introspect',
  });
});

test.each(['/oauth2/token', '/oauth2/revoke', '/oauth2/introspect'])(
  'pages of an origin that is allowed may send proofs to %s',
  async (path) => {
    const { status, headers } = await send({
      ...{ version: '1.1', method: 'OPTIONS', path },
      ...{ port: signum.server.addresses.public.port, ca: Buffer.from(signum.ca) },
      headers: {
        origin: ORIGIN,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,dpop',
      },
    });
    expect(status).toBe(204);
    expect(headers['access-control-allow-origin']).toBe(ORIGIN);
    const allowed = namesIn(headers['access-control-allow-headers']);
    expect(allowed).toEqual(expect.arrayContaining(['authorization', 'content-type', 'dpop']));
  },
);

test('they read challenges, nonces, and when to come again', async () => {
  const form = { grant_type: 'refresh_token', refresh_token: 'x' };
  const { status, headers } = await post('/oauth2/token', form, { origin: ORIGIN });
  expect([status, headers['access-control-allow-origin']]).toEqual([400, ORIGIN]);
  expect(namesIn(headers['access-control-expose-headers'])).toEqual(
    expect.arrayContaining(['www-authenticate', 'dpop-nonce', 'retry-after']),
  );
});

test('pages of another origin read nothing', async () => {
  const form = { grant_type: 'refresh_token', refresh_token: 'x' };
  const { headers } = await post('/oauth2/token', form, { origin: 'https://evil.example' });
  expect(headers).not.toHaveProperty('access-control-allow-origin');
});
