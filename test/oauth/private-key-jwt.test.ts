import { randomUUID } from 'node:crypto';
import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from 'jose';
import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startAnother } from '../requirements/another-server.ts';
import { emptyDatabaseUrl } from '../setup/redis.ts';
import {
  CallerService,
  ISSUER,
  startTestServer,
  type TestServer,
  TokenService,
} from '../setup/server.ts';
import { startTcpProxy, type TcpProxy } from '../setup/tcp-proxy.ts';
import { until } from '../setup/until.ts';
import { issued, newDevice, verdictOf } from '../wire/issued.ts';
import { basic, clientOf } from './http.ts';

const ALGORITHMS = ['ES256', 'Ed25519', 'RS256', 'PS256'] as const;
const TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const INTROSPECT = '/oauth2/introspect';
const PERMISSIONS = [Permission.VALIDATE, Permission.REVOKE, Permission.REFRESH];

let redis: TcpProxy;
let one: TestServer;
let two: TestServer;
let apiKey = '';
const pairs = new Map<string, Awaited<ReturnType<typeof generateKeyPair>>>();

const { post, options } = clientOf(() => one);
const atTwo = clientOf(() => two);

const keyOf = (algorithm: string) => pairs.get(algorithm)?.privateKey as CryptoKey;

beforeAll(async () => {
  const url = new URL(await emptyDatabaseUrl());
  redis = await startTcpProxy(Number(url.port));
  url.port = String(redis.port);
  one = await startTestServer({
    SIGNUM_REDIS_URL: url.href,
    SIGNUM_REDIS_COMMAND_TIMEOUT: '2s',
    SIGNUM_CALLER_REFRESH: '100ms',
  });
  two = await startAnother(one);
  const keys: JWK[] = [];
  for (const algorithm of ALGORITHMS) {
    const pair = await generateKeyPair(algorithm, { extractable: true });
    pairs.set(algorithm, pair);
    keys.push({ ...(await exportJWK(pair.publicKey)), kid: algorithm, alg: algorithm });
  }
  apiKey = await create('api', keys);
  await until('the other server knows it', async () => {
    const { status } = await atTwo.post(INTROSPECT, { token: 'x', ...(await shown({})) });
    return status === 200;
  });
});
afterAll(async () => {
  await two?.close();
  await one?.close();
  await redis?.stop();
});

async function create(name: string, keys: JWK[], more: { withoutKey?: boolean } = {}) {
  const answer = await one.client(CallerService).createCaller({
    ...{ name, permissions: PERMISSIONS, tenants: ['acme'], jwks: JSON.stringify({ keys }) },
    ...more,
  });
  return answer.apiKey;
}

interface Changes {
  readonly header?: Record<string, unknown>;
  readonly claims?: Record<string, unknown>;
  readonly key?: CryptoKey | Uint8Array;
}

const nowS = () => Math.floor(Date.now() / 1_000);

/** A good assertion of the caller `api`, but for the changes; undefined leaves a member out. */
async function assertion({ header = {}, claims = {}, key }: Changes): Promise<string> {
  const payload = {
    ...{ iss: 'api', sub: 'api', aud: ISSUER, jti: randomUUID() },
    ...{ iat: nowS(), exp: nowS() + 60, ...claims },
  };
  return new SignJWT(payload)
    .setProtectedHeader({ alg: 'ES256', kid: 'ES256', ...header })
    .sign(key ?? keyOf('ES256'));
}

/** What the form says of the client. */
async function shown(changes: Changes): Promise<Record<string, string>> {
  return { client_assertion_type: TYPE, client_assertion: await assertion(changes) };
}

async function outcomeOf(changes: Changes) {
  return statusOf(await shown(changes));
}

async function statusOf(form: Record<string, string>, headers: Record<string, string> = {}) {
  const { status, json } = await post(INTROSPECT, { token: 'x', ...form }, headers);
  return status === 200 ? 'taken' : `${status} ${json.error}`;
}

async function discover(): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(ISSUER);
  const answer = await oauth.discoveryRequest(issuer, { ...options, algorithm: 'oauth2' });
  return oauth.processDiscoveryResponse(issuer, answer);
}

test('metadata says by what assertions may be signed, at every endpoint', async () => {
  const server = await discover();
  for (const endpoint of ['token', 'revocation', 'introspection']) {
    expect(server[`${endpoint}_endpoint_auth_methods_supported`]).toContain('private_key_jwt');
    expect(server[`${endpoint}_endpoint_auth_signing_alg_values_supported`]).toEqual(
      expect.arrayContaining([...ALGORITHMS, 'EdDSA']),
    );
  }
});

test.each(ALGORITHMS)('oauth4webapi introspects, refreshes and revokes by %s', async (kid) => {
  const server = await discover();
  const client = { client_id: 'api' };
  const tokens = one.client(TokenService);
  const pair = await issued(tokens, newDevice(), { scopes: ['read'] });
  const byKey = oauth.PrivateKeyJwt({ key: keyOf(kid), kid });
  const told = await oauth.processIntrospectionResponse(
    server,
    client,
    await oauth.introspectionRequest(server, client, byKey, pair.accessToken, options),
  );
  expect(told).toMatchObject({ active: true, scope: 'read' });
  const { access_token } = await oauth.processRefreshTokenResponse(
    server,
    client,
    await oauth.refreshTokenGrantRequest(server, client, byKey, pair.refreshToken, options),
  );
  expect(await verdictOf(tokens, access_token)).toBe('ACTIVE');
  await oauth.processRevocationResponse(
    await oauth.revocationRequest(server, client, byKey, access_token, options),
  );
  expect(await verdictOf(tokens, access_token)).toBe('REVOKED');
});

describe('an assertion is taken', () => {
  test.each<[string, () => Changes]>([
    ['that names no key, where one alone fits', () => ({ header: { kid: undefined } })],
    ['that says what it is', () => ({ header: { typ: 'client-authentication+jwt' } })],
    ['of the usual type', () => ({ header: { typ: 'JWT' } })],
    ['for the token endpoint', () => ({ claims: { aud: `${ISSUER}/oauth2/token` } })],
    ['for the endpoint itself', () => ({ claims: { aud: `${ISSUER}/oauth2/introspect` } })],
    ['that does not say when it was made', () => ({ claims: { iat: undefined } })],
    ['that would hold an hour, just made', () => ({ claims: { exp: nowS() + 3_600 } })],
    ['that says EdDSA of Ed25519', () => ed25519({ alg: 'EdDSA' })],
  ])('%s', async (_what, changes) => {
    expect(await outcomeOf(changes())).toBe('taken');
  });

  const ed25519 = (header: object): Changes => ({
    header: { kid: 'Ed25519', ...header },
    key: keyOf('Ed25519'),
  });
});

describe('an assertion is refused', () => {
  const H = (header: Record<string, unknown>) => (): Changes => ({ header });
  const C = (claims: Record<string, unknown>) => (): Changes => ({ claims });

  test.each<[string, () => Changes]>([
    ['signed by another of its keys', () => ({ key: keyOf('PS256'), header: { alg: 'PS256' } })],
    ['whose key is unknown', H({ kid: 'other' })],
    ['that names its key by what is no name', H({ kid: 7 })],
    ['of another type', H({ typ: 'at+jwt' })],
    ['that brings its key', H({ jwk: { kty: 'EC' } })],
    ['that says where its key is', H({ jku: 'https://evil.example/jwks.json' })],
    ['for another server', C({ aud: 'https://other.example' })],
    ['for this server under another spelling', C({ aud: `${ISSUER}/` })],
    ['for a list of servers', C({ aud: [ISSUER, 'https://other.example'] })],
    ['for a list of this one', C({ aud: [ISSUER] })],
    ['for nobody', C({ aud: undefined })],
    ['about another caller', C({ sub: 'other' })],
    ['of another caller', C({ iss: 'other', sub: 'other' })],
    ['of the administrator', C({ iss: 'admin', sub: 'admin' })],
    ['without an id', C({ jti: undefined })],
    ['with an empty id', C({ jti: '' })],
    ['with a long id', C({ jti: 'x'.repeat(257) })],
    ['without an end', C({ exp: undefined })],
    ['whose end is no time', C({ exp: '2099-01-01' })],
    ['that is over', () => ({ claims: { iat: nowS() - 120, exp: nowS() - 60 } })],
    ['made long ago', () => ({ claims: { iat: nowS() - 600, exp: nowS() + 600 } })],
    ['made in the future', () => ({ claims: { iat: nowS() + 600, exp: nowS() + 660 } })],
    ['that does not hold yet', () => ({ claims: { nbf: nowS() + 200, exp: nowS() + 260 } })],
    [
      'that does not say when it was made and ends too far ahead',
      () => ({ claims: { iat: undefined, exp: nowS() + 3_600 } }),
    ],
  ])('%s', async (_what, changes) => {
    expect(await outcomeOf(changes())).toBe('401 invalid_client');
  });

  test('signed by a key that is nobody’s', async () => {
    const { privateKey: key } = await generateKeyPair('ES256');
    expect(await outcomeOf({ key })).toBe('401 invalid_client');
  });

  test('signed by nothing, or by the public key as if it were a secret', async () => {
    const [, payload] = (await assertion({})).split('.');
    const none = Buffer.from('{"alg":"none","kid":"ES256"}').toString('base64url');
    const unsigned = [`${none}.${payload}.`, `${none}.${payload}.AA`];
    const secret = Buffer.from(await exportSPKI(pairs.get('RS256')?.publicKey as CryptoKey));
    const hmac = await assertion({ header: { alg: 'HS256', kid: 'RS256' }, key: secret });
    for (const client_assertion of [...unsigned, hmac, 'x', 'a.b.c']) {
      const form = { client_assertion_type: TYPE, client_assertion };
      expect(await statusOf(form)).toBe('401 invalid_client');
    }
  });

  test('the second time, at this server and at another', async () => {
    const form = { token: 'x', ...(await shown({})) };
    expect((await post(INTROSPECT, form)).status).toBe(200);
    for (const again of [post, atTwo.post]) {
      const answer = await again(INTROSPECT, form);
      expect([answer.status, answer.json.error]).toEqual([401, 'invalid_client']);
    }
  });

  test('at every endpoint, though a token would be enough without it', async () => {
    const { accessToken, refreshToken } = await issued(one.client(TokenService), newDevice());
    const bad = await shown({ claims: { aud: 'https://other.example' } });
    const refresh = { grant_type: 'refresh_token', refresh_token: refreshToken };
    expect((await post('/oauth2/revoke', { token: accessToken, ...bad })).status).toBe(401);
    expect((await post('/oauth2/token', { ...refresh, ...bad })).status).toBe(401);
    expect(await verdictOf(one.client(TokenService), accessToken)).toBe('ACTIVE');
  });
});

test('one client has its ids to itself', async () => {
  const jwk = await exportJWK(pairs.get('ES256')?.publicKey as CryptoKey);
  await create('twin', [jwk], { withoutKey: true });
  const jti = randomUUID();
  expect(await outcomeOf({ claims: { jti } })).toBe('taken');
  const twin = { header: { kid: undefined }, claims: { iss: 'twin', sub: 'twin', jti } };
  expect(await outcomeOf(twin)).toBe('taken');
});

test.each<[string, () => Promise<[Record<string, string>, Record<string, string>]>, string]>([
  ['a client_id of its own', async () => [{ ...(await shown({})), client_id: 'api' }, {}], 'taken'],
  [
    'another client_id',
    async () => [{ ...(await shown({})), client_id: 'other' }, {}],
    '401 invalid_client',
  ],
  [
    'a secret in the form',
    async () => [{ ...(await shown({})), client_id: 'api', client_secret: apiKey }, {}],
    '400 invalid_request',
  ],
  [
    'a secret in a header',
    async () => [await shown({}), { authorization: basic('api', apiKey) }],
    '400 invalid_request',
  ],
  ['no type', async () => [{ client_assertion: await assertion({}) }, {}], '400 invalid_request'],
  ['a type alone', async () => [{ client_assertion_type: TYPE }, {}], '400 invalid_request'],
  [
    'another type',
    async () => [
      {
        ...(await shown({})),
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer',
      },
      {},
    ],
    '401 invalid_client',
  ],
])('with %s an assertion is answered as it should be', async (_what, make, outcome) => {
  const [form, headers] = await make();
  expect(await statusOf(form, headers)).toBe(outcome);
});

test('a client whose keys are replaced, that is disabled, or that is deleted is refused', async () => {
  const callers = one.client(CallerService);
  const [first, second] = await Promise.all([generateKeyPair('ES256'), generateKeyPair('ES256')]);
  const [old, next] = await Promise.all([exportJWK(first.publicKey), exportJWK(second.publicKey)]);
  const name = 'changing';
  await create(name, [{ ...old, kid: 'old' }]);
  const by = (kid: string, key: CryptoKey) =>
    outcomeOf({ header: { kid }, claims: { iss: name, sub: name }, key });
  expect(await by('old', first.privateKey)).toBe('taken');
  const jwks = JSON.stringify({ keys: [{ ...next, kid: 'new' }] });
  const rotated = await callers.rotateCallerKey({ name, jwks });
  expect(rotated).toMatchObject({ apiKey: '', caller: { publicKeyIds: ['new'] } });
  expect(rotated.caller?.keys).toHaveLength(1);
  expect(await by('old', first.privateKey)).toBe('401 invalid_client');
  expect(await by('new', second.privateKey)).toBe('taken');
  await callers.setCallerDisabled({ name, disabled: true });
  expect(await by('new', second.privateKey)).toBe('401 invalid_client');
  await callers.setCallerDisabled({ name, disabled: false });
  expect(await by('new', second.privateKey)).toBe('taken');
  await callers.rotateCallerKey({ name, jwks: '{"keys":[]}' });
  expect(await by('new', second.privateKey)).toBe('401 invalid_client');
  await callers.rotateCallerKey({ name, jwks });
  await callers.deleteCaller({ name });
  expect(await by('new', second.privateKey)).toBe('401 invalid_client');
});

test('while Redis is away nobody can tell whether one was used: it can be tried again', async () => {
  const form = await shown({});
  redis.blackhole();
  try {
    expect(await statusOf(form)).toBe('503 temporarily_unavailable');
  } finally {
    redis.heal();
  }
  await until('it is taken', async () => (await outcomeOf({})) === 'taken');
});
