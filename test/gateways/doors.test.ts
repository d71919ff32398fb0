import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { Authorization } from '@signum/contract/envoy/service/auth/v3/external_auth_pb.js';
import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { send } from '../listeners/send.ts';
import { CallerService, startTestServer, type TestServer, TokenService } from '../setup/server.ts';
import { failureOf } from '../wire/failure.ts';

let signum: TestServer;
/** API keys by what their callers may do. */
let keys: Record<'gateway' | 'issuer' | 'foreigner', string>;
let token: string;
let foreign: string;

beforeAll(async () => {
  signum = await startTestServer({ SIGNUM_GATEWAY_COOKIE: '__Host-session' });
  const create = async (name: string, permission: Permission, tenant: string) => {
    const permissions = [permission];
    const created = await signum
      .client(CallerService)
      .createCaller({ name, permissions, tenants: [tenant] });
    return created.apiKey;
  };
  keys = {
    gateway: await create('gateway', Permission.VALIDATE, 'acme'),
    issuer: await create('issuer', Permission.ISSUE, 'acme'),
    foreigner: await create('foreigner', Permission.VALIDATE, 'umbrella'),
  };
  token = await issue('acme', ['read']);
  foreign = await issue('umbrella', ['read']);
});

afterAll(() => signum.close());

let devices = 0;
async function issue(tenantId: string, scopes: string[]): Promise<string> {
  devices += 1;
  const device = { tenantId, userId: 'ada', deviceId: `d${devices}` };
  const { tokens } = await signum.client(TokenService).issue({ device, scopes });
  return tokens?.accessToken ?? '';
}

interface Question {
  readonly version?: '1.1' | '2';
  readonly method?: string;
  readonly path?: string;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

async function ask({ version = '1.1', key = keys.gateway, headers = {}, ...rest }: Question = {}) {
  const { port } = signum.server.addresses.public;
  const all = { ...(key && { 'x-signum-key': key }), ...headers };
  const ca = Buffer.from(signum.ca);
  return send({ ...{ version, port, ca, method: 'GET', path: '/authz', ...rest }, headers: all });
}

const good = () => ({ authorization: `Bearer ${token}` });

describe.each(['1.1', '2'] as const)('over HTTP/%s', (version) => {
  test.each(['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND'])(
    '%s is a question like any other, and says who it is on every yes',
    async (method) => {
      const body = method.startsWith('P') ? 'x'.repeat(100_000) : undefined;
      const origin = { origin: 'https://app.example', 'access-control-request-method': 'GET' };
      const headers = { ...good(), ...origin };
      const {
        status,
        headers: told,
        body: answered,
      } = await ask({ version, method, headers, ...(body && { body }) });
      expect([status, answered.length]).toEqual([200, 0]);
      expect(told).toMatchObject({
        'x-signum-verdict': 'allow',
        'x-signum-tenant': 'acme',
        'x-signum-user': 'ada',
        'x-signum-scope': 'read',
        'cache-control': 'no-store',
      });
      expect((await ask({ version, method })).status).toBe(401);
    },
  );

  test.each<[string, () => Question, number, RegExp]>([
    ['no token', () => ({}), 401, /^Bearer$/],
    ['another scheme', () => ({ headers: { authorization: 'Basic YTpi' } }), 401, /^Bearer$/],
    ['rubbish', () => ({ headers: { authorization: 'Bearer x' } }), 401, /error="invalid_token"/],
    [
      'two tokens',
      () => ({ headers: { authorization: 'Bearer a, Bearer b' } }),
      401,
      /error="invalid_request"/,
    ],
    [
      'another tenant’s token',
      () => ({ headers: { authorization: `Bearer ${foreign}` } }),
      401,
      /error="invalid_token"/,
    ],
    [
      'another audience',
      () => ({ path: '/authz?audience=other', headers: good() }),
      401,
      /another audience/,
    ],
    [
      'a scope too few',
      () => ({ path: '/authz?scope=read%20write', headers: good() }),
      403,
      /^Bearer error="insufficient_scope", scope="read write"$/,
    ],
    [
      'a scope too few of several',
      () => ({ path: '/authz?scope=read&scope=admin', headers: good() }),
      403,
      /scope="read admin"/,
    ],
    [
      'a scope too few by header',
      () => ({ headers: { ...good(), 'x-signum-required-scope': 'write' } }),
      403,
      /scope="write"/,
    ],
    [
      'a header that takes nothing back',
      () => ({
        path: '/authz?scope=admin',
        headers: { ...good(), 'x-signum-required-scope': 'read' },
      }),
      403,
      /scope="admin read"/,
    ],
    [
      'a header that breaks out',
      () => ({ headers: { ...good(), 'x-signum-required-scope': 'a", error="x' } }),
      403,
      /^Bearer error="insufficient_scope", scope="error="x"?"$|scope=""$/,
    ],
  ])('%s is refused and challenged', async (_what, question, status, challenge) => {
    const answer = await ask({ version, ...question() });
    expect([answer.status, answer.body.length]).toEqual([status, 0]);
    expect(answer.headers['www-authenticate']).toMatch(challenge);
    expect(answer.headers).not.toHaveProperty('x-signum-verdict');
  });

  test.each<[string, () => Question, string]>([
    ['no credential', () => ({ key: '' }), 'CREDENTIAL_MISSING'],
    ['a bad one', () => ({ key: `${keys.gateway}x` }), 'CREDENTIAL_INVALID'],
    ['a user’s token for one', () => ({ key: token }), 'PERMISSION_DENIED'],
    ['the permission to do something else', () => ({ key: keys.issuer }), 'PERMISSION_DENIED'],
    ['a requirement that is none', () => ({ path: '/authz?scopes=admin' }), 'INVALID_FIELD'],
    ['a requirement in the wrong form', () => ({ path: '/authz?scope=' }), 'INVALID_FIELD'],
  ])('a gateway with %s is told that the fault is its own', async (_what, question, reason) => {
    const { headers, ...rest } = question();
    const answer = await ask({ version, ...rest, headers: { ...good(), ...headers } });
    expect([answer.status, answer.headers['x-signum-error']]).toEqual([500, reason]);
    expect(answer.headers).not.toHaveProperty('www-authenticate');
  });

  test.each([
    ['scope=%zz', 'scope'],
    ['scope=read&audience=%', 'audience'],
    ['max_age=%C3', 'max_age'],
    ['acr_values=%00', 'acr_values'],
    ['scopes=admin', 'scopes'],
    ['%ff=admin', 'query'],
    ['a%20b=c', 'requirement'],
  ])('a requirement that cannot be read, %s, is told by its name', async (query, field) => {
    const answer = await ask({ version, path: `/authz?${query}`, headers: good() });
    expect([answer.status, answer.headers['x-signum-error-field']]).toEqual([500, field]);
  });

  test('below /authz/ path and query are the client’s, and require nothing', async () => {
    for (const path of [
      '/authz/',
      '/authz/orders?scope=admin&x=%',
      '/authz//..%2f?audience=other',
    ]) {
      expect((await ask({ version, path, headers: good() })).status).toBe(200);
    }
    const { headers } = await ask({ version, path: '/authorize', headers: good() });
    expect(headers).not.toHaveProperty('x-signum-verdict');
  });

  test('a token may come in the cookie that the deployment has named', async () => {
    const cookie = `a=b; __Host-session=${token}`;
    expect((await ask({ version, headers: { cookie } })).status).toBe(200);
    const two = { cookie: `${cookie}; __Host-session=x` };
    expect((await ask({ version, headers: two })).status).toBe(401);
    const another = { cookie, authorization: 'Bearer x' };
    expect((await ask({ version, headers: another })).status).toBe(401);
  });

  test('a gateway of one tenant is not there for another’s', async () => {
    const key = keys.foreigner;
    expect((await ask({ version, key, headers: good() })).status).toBe(401);
    const headers = { authorization: `Bearer ${foreign}` };
    expect((await ask({ version, key, headers })).status).toBe(200);
  });
});

describe('Check over gRPC', () => {
  const client = (key: string | null) => {
    const baseUrl = `https://${signum.grpcAddress}`;
    const transport = createGrpcTransport({
      baseUrl,
      nodeOptions: { ca: signum.ca },
      interceptors: [
        (next) => (request) => {
          if (key !== null) request.header.set('x-signum-key', key);
          return next(request);
        },
      ],
    });
    return createClient(Authorization, transport);
  };
  const asking = (headers: Record<string, string>, contextExtensions = {}) => ({
    attributes: {
      request: { http: { method: 'GET', path: '/orders', host: 'api', scheme: 'https', headers } },
      contextExtensions,
    },
  });

  test('lets a good token pass, and refuses others', async () => {
    const envoy = client(keys.gateway);
    const yes = await envoy.check(asking(good(), { scope: 'read' }));
    expect(yes).toMatchObject({ status: { code: 0 }, httpResponse: { case: 'okResponse' } });
    expect(yes.dynamicMetadata).toMatchObject({ 'x-signum-user': 'ada' });
    const no = await envoy.check(asking(good(), { scope: 'admin' }));
    expect(no).toMatchObject({
      status: { code: 7 },
      httpResponse: { case: 'deniedResponse', value: { status: { code: 403 } } },
    });
    const none = await envoy.check(asking({}));
    expect(none.httpResponse.value).toMatchObject({ status: { code: 401 } });
  });

  test.each<[string, () => string | null, object, string]>([
    ['no credential', () => null, {}, 'CREDENTIAL_MISSING'],
    ['a bad one', () => `${keys.gateway}x`, {}, 'CREDENTIAL_INVALID'],
    ['another permission', () => keys.issuer, {}, 'PERMISSION_DENIED'],
    ['a requirement that is none', () => keys.gateway, { scopes: 'x' }, 'INVALID_FIELD'],
  ])('fails for an Envoy with %s: that is no denial', async (_what, key, extensions, reason) => {
    const answer = client(key()).check(asking(good(), extensions));
    expect(await failureOf(answer)).toMatchObject({ reason });
  });
});
