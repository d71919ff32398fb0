import { describe, expect, test } from 'vitest';
import { newHolder } from '../bound/holder.ts';
import { send } from '../listeners/send.ts';
import { TokenService } from '../setup/server.ts';
import { basic } from './http.ts';
import { serveOAuth } from './serve.ts';

const { server: signum, keyOf, issue, post, api } = serveOAuth();
type Answer = Awaited<ReturnType<typeof post>>;

describe('introspection', () => {
  const PATH = '/oauth2/introspect';

  test('tells nothing but that a token is not good', async () => {
    const { accessToken, refreshToken } = await issue();
    for (const token of ['rubbish', refreshToken, `${accessToken}x`]) {
      const { status, json, headers } = await post(
        PATH,
        { token, token_type_hint: 'access_token' },
        api(),
      );
      expect([status, json]).toEqual([200, { active: false }]);
      expect(headers['cache-control']).toContain('no-store');
    }
    const foreign = { authorization: basic('other-api', keyOf('other-api')) };
    expect((await post(PATH, { token: accessToken }, foreign)).json).toEqual({ active: false });
  });

  test('takes a client’s secret in the form and its key as bearer token as well', async () => {
    const { accessToken: token } = await issue();
    const secret = keyOf('api');
    const form = { token, client_id: 'api', client_secret: secret };
    expect((await post(PATH, form)).json).toMatchObject({ active: true });
    expect((await post(PATH, { token }, { authorization: `Bearer ${secret}` })).json).toMatchObject(
      { active: true },
    );
  });

  test.each<[string, () => [Record<string, string>, Record<string, string>], number, string]>([
    ['nothing', () => [{}, {}], 401, 'invalid_client'],
    ['a wrong secret', () => [{}, { authorization: basic('api', 'sgn_x') }], 401, 'invalid_client'],
    [
      'another client’s secret',
      () => [{}, { authorization: basic('api', keyOf('issuer')) }],
      401,
      'invalid_client',
    ],
    ['another name beside its own', () => [{ client_id: 'issuer' }, api()], 401, 'invalid_client'],
    [
      'an assertion besides',
      () => [{ client_assertion: 'x', client_assertion_type: 'y' }, api()],
      401,
      'invalid_client',
    ],
    [
      'a wrong secret in the form',
      () => [{ client_id: 'api', client_secret: 'x' }, {}],
      401,
      'invalid_client',
    ],
    [
      'two secrets',
      () => [{ client_id: 'api', client_secret: keyOf('api') }, api()],
      400,
      'invalid_request',
    ],
    [
      'another permission',
      () => [{}, { authorization: basic('issuer', keyOf('issuer')) }],
      400,
      'unauthorized_client',
    ],
  ])('refuses a client that shows %s', async (_what, shown, status, error) => {
    const [form, headers] = shown();
    const answer = await post(PATH, { token: 'x', ...form }, headers);
    expect([answer.status, answer.json.error]).toEqual([status, error]);
    expect('www-authenticate' in answer.headers).toBe(status === 401);
    expect(answer.headers['content-type']).toBe('application/json');
  });

  test.each<[string, string, Record<string, string>, string]>([
    ['no token', 'a=b', {}, PATH],
    ['an empty token', 'token=', {}, PATH],
    ['a token twice', 'token=a&token=b', {}, PATH],
    ['JSON', '{"token":"a"}', { 'content-type': 'application/json' }, PATH],
    ['half a character', 'token=%ff', {}, PATH],
    ['a token in the URL', 'token=a', {}, `${PATH}?token=a`],
  ])('refuses %s', async (_what, form, headers, path) => {
    const { status, json } = await post(path, form, { ...api(), ...headers });
    expect([status, json.error]).toEqual([400, 'invalid_request']);
  });

  test('is asked by POST alone', async () => {
    const { port } = signum().server.addresses.public;
    const answer = await send({
      version: '1.1',
      port,
      ca: Buffer.from(signum().ca),
      method: 'GET',
      path: PATH,
    });
    expect([answer.status, answer.headers['allow']]).toEqual([405, 'POST']);
  });
});

describe('revocation', () => {
  const PATH = '/oauth2/revoke';

  test('is 200 and empty, of a token that was never issued too', async () => {
    for (const token of ['rubbish', (await issue()).refreshToken]) {
      const { status, body } = await post(PATH, { token, token_type_hint: 'nonsense' });
      expect([status, body.length]).toEqual([200, 0]);
    }
  });

  test('refuses a client that may not, and one that is not who it says', async () => {
    const { accessToken: token } = await issue();
    expect((await post(PATH, { token }, api())).json.error).toBe('unauthorized_client');
    const bad = { authorization: basic('api', 'sgn_x') };
    expect((await post(PATH, { token }, bad)).json.error).toBe('invalid_client');
    expect((await post('/oauth2/introspect', { token }, api())).json.active).toBe(true);
  });

  test('of a bound token takes its proof', async () => {
    const holder = await newHolder();
    const { accessToken: token } = await issue(holder.thumbprint);
    expect((await post(PATH, { token })).json.error).toBe('invalid_dpop_proof');
    const dpop = await holder.prove({ uri: `${signum().address}${PATH}`, about: token });
    expect((await post(PATH, { token }, { dpop })).status).toBe(200);
    expect((await post('/oauth2/introspect', { token }, api())).json).toEqual({ active: false });
  });
});

describe('the token endpoint', () => {
  const PATH = '/oauth2/token';
  test.each<[string, Record<string, string>, string]>([
    [
      'another grant',
      { grant_type: 'password', username: 'a', password: 'b' },
      'unsupported_grant_type',
    ],
    ['no grant', { refresh_token: 'x' }, 'invalid_request'],
    ['no token', { grant_type: 'refresh_token' }, 'invalid_request'],
    ['rubbish', { grant_type: 'refresh_token', refresh_token: 'x' }, 'invalid_grant'],
  ])('refuses %s', async (_what, form, error) => {
    const { status, json, headers } = await post(PATH, form);
    expect([status, json.error]).toEqual([400, error]);
    expect(headers).not.toHaveProperty('www-authenticate');
    expect(headers['cache-control']).toContain('no-store');
  });

  test('takes the scopes of the session in any order, and no others, which change nothing', async () => {
    const { refreshToken } = await issue();
    const refresh = (scope: string) =>
      post(PATH, { grant_type: 'refresh_token', refresh_token: refreshToken, scope });
    for (const scope of ['admin', 'read write admin', 'read', 'read  write', ' ']) {
      const { status, json, headers } = await refresh(scope);
      expect([status, json.error]).toEqual([400, 'invalid_scope']);
      expect(headers['cache-control']).toContain('no-store');
    }
    const { status, json } = await refresh('write read');
    expect([status, json.scope]).toEqual([200, 'read write']);
    // Used up by now, and nothing else: the generations before were not touched.
    const next = { grant_type: 'refresh_token', refresh_token: json.refresh_token };
    expect((await post(PATH, next)).status).toBe(200);
    const { json: reused } = await refresh('read write');
    expect(reused).toMatchObject({ error: 'invalid_grant', signum_reason: 'REFRESH_REUSED' });
  });

  test('says why a session has ended', async () => {
    const { refreshToken } = await issue();
    await post('/oauth2/revoke', { token: refreshToken });
    const { json } = await post(PATH, { grant_type: 'refresh_token', refresh_token: refreshToken });
    expect(json).toMatchObject({ error: 'invalid_grant', signum_reason: 'SESSION_REVOKED' });
  });
});

describe('a client that says who it is, and shows nothing', () => {
  const ways: [
    string,
    (t: Awaited<ReturnType<typeof issue>>, client: string) => Promise<Answer>,
  ][] = [
    [
      'refresh',
      ({ refreshToken: refresh_token }, client_id) =>
        post('/oauth2/token', { grant_type: 'refresh_token', refresh_token, client_id }),
    ],
    [
      'revoke',
      ({ refreshToken: token }, client_id) => post('/oauth2/revoke', { token, client_id }),
    ],
    [
      'revoke by access token',
      ({ accessToken: token }, client_id) => post('/oauth2/revoke', { token, client_id }),
    ],
  ];

  test.each(ways)(
    'cannot %s what was issued to another, and changes nothing',
    async (_way, ask) => {
      const pair = await issue();
      const { status, json } = await ask(pair, 'another-app');
      expect([status, json?.error]).toEqual([400, 'invalid_grant']);
      const subject = { case: 'token' as const, value: pair.accessToken };
      const after = await signum().client(TokenService).validate({ subject });
      expect(after.active).toBe(true);
      expect((await ask(pair, 'app')).status).toBe(200);
    },
  );

  test('is answered of a session that has ended as if it said nothing', async () => {
    const pair = await issue();
    await post('/oauth2/revoke', { token: pair.refreshToken });
    const client_id = 'another-app';
    expect((await post('/oauth2/revoke', { token: pair.refreshToken, client_id })).status).toBe(
      200,
    );
    const form = { grant_type: 'refresh_token', refresh_token: pair.refreshToken, client_id };
    const { status, json } = await post('/oauth2/token', form);
    expect([status, json?.signum_reason]).toEqual([400, 'SESSION_REVOKED']);
  });
});
