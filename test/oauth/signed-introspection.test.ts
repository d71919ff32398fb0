import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  CallerService,
  ISSUER,
  startTestServer,
  type TestServer,
  TokenService,
} from '../setup/server.ts';
import { issued, newDevice } from '../wire/issued.ts';
import { basic, clientOf } from './http.ts';

const JWT = 'application/token-introspection+jwt';
const API = 'orders-api';

let signum: TestServer;
let apiKey: string;
const { post, options } = clientOf(() => signum);

beforeAll(async () => {
  signum = await startTestServer();
  const wish = { name: API, permissions: [Permission.VALIDATE], tenants: ['acme'] };
  ({ apiKey } = await signum.client(CallerService).createCaller(wish));
});
afterAll(() => signum.close());

const accessToken = async () =>
  (await issued(signum.client(TokenService), newDevice(), { scopes: ['read'] })).accessToken;

test('oauth4webapi asks for a signed answer, and accepts it', async () => {
  const issuer = new URL(ISSUER);
  const discovered = await oauth.discoveryRequest(issuer, { ...options, algorithm: 'oauth2' });
  const server = await oauth.processDiscoveryResponse(issuer, discovered);
  expect(server.introspection_signing_alg_values_supported).toContain('ES256');
  const client = {
    client_id: API,
    introspection_signed_response_alg: 'ES256',
  };
  const request = { ...options, requestJwtResponse: true };
  const authentication = oauth.ClientSecretBasic(apiKey);
  const token = await accessToken();
  const answer = await oauth.introspectionRequest(server, client, authentication, token, request);
  expect(answer.headers.get('content-type')).toBe(JWT);
  const told = await oauth.processIntrospectionResponse(server, client, answer);
  expect(told).toMatchObject({ active: true, scope: 'read', iss: ISSUER });
  // By the deployment's own public keys.
  await oauth.validateApplicationLevelSignature(server, answer, options);
});

describe('an answer that is signed', () => {
  const credentials = () => ({ authorization: basic(API, apiKey) });
  const ask = async (token: string, accept: string) =>
    post('/oauth2/introspect', { token }, { ...credentials(), accept });

  test('is for whoever has asked, and cannot be taken for an access token', async () => {
    const { body, headers } = await ask(await accessToken(), JWT);
    expect(headers).toMatchObject({ 'content-type': JWT, 'cache-control': 'no-store' });
    const header = decodeProtectedHeader(body.toString());
    expect(header).toMatchObject({ alg: 'ES256', typ: 'token-introspection+jwt' });
    const claims = decodeJwt(body.toString());
    expect(Object.keys(claims).sort()).toEqual(['aud', 'iat', 'iss', 'token_introspection']);
    expect(claims).toMatchObject({ iss: ISSUER, aud: API });
    const asToken = { case: 'token' as const, value: body.toString() };
    expect(await signum.client(TokenService).validate({ subject: asToken })).toMatchObject({
      active: false,
    });
  });

  test('tells no more of a token that is not active', async () => {
    const { body } = await ask('rubbish', JWT);
    expect(decodeJwt(body.toString())['token_introspection']).toEqual({ active: false });
  });

  test.each([
    [JWT, true],
    [`application/json;q=0.5, ${JWT}`, true],
    [`${JWT};q=0.8`, true],
    [`${JWT};q=0`, false],
    ['application/json', false],
    ['*/*', false],
  ])('is given to those that accept %s: %s', async (accept, isSigned) => {
    const { headers } = await ask(await accessToken(), accept);
    expect(headers['content-type']).toBe(isSigned ? JWT : 'application/json');
  });

  test('is none where there is an error', async () => {
    const { status, json } = await post('/oauth2/introspect', { token: 'x' }, { accept: JWT });
    expect([status, json.error]).toEqual([401, 'invalid_client']);
  });
});
