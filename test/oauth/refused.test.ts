import { randomUUID } from 'node:crypto';
import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  CallerService,
  ISSUER,
  startTestServer,
  type TestServer,
  TokenService,
} from '../setup/server.ts';
import { issued, newDevice, verdictOf } from '../wire/issued.ts';
import { basic, clientOf } from './http.ts';

let signum: TestServer;
let key = '';
let signer: CryptoKey;

beforeAll(async () => {
  signum = await startTestServer();
  const pair = await generateKeyPair('ES256', { extractable: true });
  signer = pair.privateKey;
  const created = await signum.client(CallerService).createCaller({
    name: 'api',
    permissions: [Permission.VALIDATE, Permission.REVOKE, Permission.REFRESH],
    tenants: ['acme'],
    jwks: JSON.stringify({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k' }] }),
  });
  key = created.apiKey;
});
afterAll(() => signum.close());

const { post } = clientOf(() => signum);
const tokens = () => signum.client(TokenService);

/** What each endpoint asks for, of a good session. */
async function forms() {
  const { accessToken, refreshToken } = await issued(tokens(), newDevice());
  const form = {
    '/oauth2/introspect': { token: accessToken },
    '/oauth2/revoke': { token: accessToken },
    '/oauth2/token': { grant_type: 'refresh_token', refresh_token: refreshToken },
  } as const;
  return { accessToken, form };
}

async function assertion(): Promise<Record<string, string>> {
  const jwt = await new SignJWT({ iss: 'api', sub: 'api', aud: ISSUER, jti: randomUUID() })
    .setProtectedHeader({ alg: 'ES256', kid: 'k' })
    .setIssuedAt()
    .setExpirationTime('60s')
    .sign(signer);
  const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
  return { client_assertion_type: type, client_assertion: jwt };
}

const secret = () => ({ client_id: 'api', client_secret: key });
const bearer = (text: string) => ({ authorization: `Bearer ${text}` });

describe.each(['/oauth2/introspect', '/oauth2/revoke', '/oauth2/token'] as const)('%s', (path) => {
  type Shown = readonly [form: Record<string, string>, headers: Record<string, string>];

  test.each<[string, () => Promise<Shown>]>([
    ['a bad secret in a header', async () => [secret(), { authorization: basic('api', 'sgn_x') }]],
    ['a good secret in a header', async () => [secret(), { authorization: basic('api', key) }]],
    ['a bad bearer token', async () => [secret(), bearer('x.y.z')]],
    ['its own key as a bearer token', async () => [secret(), bearer(key)]],
    ['a header of another scheme', async () => [secret(), { authorization: 'Negotiate abc=' }]],
    ['an empty header', async () => [secret(), { authorization: '' }]],
  ])('takes no secret beside %s, and changes nothing', async (_what, shown) => {
    const { accessToken, form } = await forms();
    const [more, headers] = await shown();
    const { status, json } = await post(path, { ...form[path], ...more }, headers);
    // Whoever has to be known is not let in by a header that is no good, whatever stands beside it.
    const refusals = ['400 invalid_request', '401 invalid_client'];
    expect(refusals).toContain(`${status} ${json?.error}`);
    expect(await verdictOf(tokens(), accessToken)).toBe('ACTIVE');
    expect((await post(path, { ...form[path], ...secret() })).status).toBe(200);
  });

  test.each<[string, () => Promise<Shown>]>([
    ['a secret in a header', async () => [{}, { authorization: basic('api', key) }]],
    ['a bad secret in a header', async () => [{}, { authorization: basic('api', 'sgn_x') }]],
    ['a bearer token', async () => [{}, bearer(key)]],
    ['a secret in the form', async () => [secret(), {}]],
  ])('takes no assertion beside %s, and changes nothing', async (_what, shown) => {
    const { accessToken, form } = await forms();
    const [more, headers] = await shown();
    const all = { ...form[path], ...more, ...(await assertion()) };
    const { status } = await post(path, all, headers);
    expect([400, 401]).toContain(status);
    expect(await verdictOf(tokens(), accessToken)).toBe('ACTIVE');
    expect((await post(path, { ...form[path], ...(await assertion()) })).status).toBe(200);
  });

  test('takes no second assertion, and no key of a gateway', async () => {
    const { form } = await forms();
    const two = [await assertion(), await assertion()].map((each) => new URLSearchParams(each));
    const twice = `${new URLSearchParams(form[path])}&${two.join('&')}`;
    const answer = await post(path, twice);
    expect([answer.status, answer.json.error]).toEqual([400, 'invalid_request']);
    const gateway = await post(path, form[path], { 'x-signum-key': key });
    expect([gateway.status, gateway.json.error]).toEqual([400, 'invalid_request']);
  });

  test.each([
    ['x=%zz', 'x: must be percent-encoded UTF-8'],
    ['x=%', 'x: must be percent-encoded UTF-8'],
    ['x=a%2', 'x: must be percent-encoded UTF-8'],
    ['x=%ff', 'x: must be percent-encoded UTF-8'],
    ['x=%c0%af', 'x: must be percent-encoded UTF-8'],
    ['x=%ed%a0%80', 'x: must be percent-encoded UTF-8'],
    ['%ff=x', 'body: must be percent-encoded UTF-8'],
    ['client_id=a%00b', 'client_id: must hold no control characters'],
    ['client_id=a%0Ab', 'client_id: must hold no control characters'],
    ['client_id=a&client_id=a', 'client_id: must come once'],
  ])('refuses a form with %s, naming what is wrong', async (ill, description) => {
    const { accessToken, form } = await forms();
    const body = `${new URLSearchParams(form[path])}&${ill}`;
    const { status, json } = await post(path, body, bearer(key));
    expect([status, json]).toEqual([
      400,
      { error: 'invalid_request', error_description: description, signum_reason: 'INVALID_FIELD' },
    ]);
    expect(await verdictOf(tokens(), accessToken)).toBe('ACTIVE');
  });

  test('takes a form whose unknown parameters hold what they will', async () => {
    const { form } = await forms();
    const body = `${new URLSearchParams(form[path])}&authorization_details=%5B%0A%5D&=&x+y`;
    expect((await post(path, body, bearer(key))).status).toBe(200);
  });

  test.each<[Record<string, string>, number]>([
    [{ 'connect-timeout-ms': '10000' }, 200],
    [{ 'connect-timeout-ms': '0' }, 503],
    [{ 'connect-timeout-ms': '10s' }, 400],
    [{ 'grpc-timeout': '10S' }, 400],
  ])('reads how long the client waits as every call does: %j', async (headers, status) => {
    const { form } = await forms();
    expect((await post(path, form[path], { ...bearer(key), ...headers })).status).toBe(status);
  });
});
