import { decodeJwt, decodeProtectedHeader } from 'jose';
import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { STORED_CLAIMS } from '../../src/store/scripts/claims.ts';
import {
  AUDIENCE,
  CallerService,
  ISSUER,
  startTestServer,
  type TestServer,
  TokenService,
} from '../setup/server.ts';
import { failureOf } from '../wire/failure.ts';
import { httpsRequest } from '../wire/https-request.ts';
import { issued, newDevice, refreshed, type Tokens, verdictOf } from '../wire/issued.ts';
import { openStored, type Stored } from './stored.ts';

let server: TestServer;
let stored: Stored;
let tokens: Tokens;

beforeAll(async () => {
  server = await startTestServer();
  stored = openStored(server);
  tokens = server.client(TokenService);
});
afterAll(async () => {
  stored?.close();
  await server?.close();
});

/** What a resource server that uses oauth4webapi makes of a token: its claims, or it throws. */
async function acceptedByStockLibrary(accessToken: string) {
  const request = new Request('https://api.example/orders', {
    headers: { authorization: `Bearer ${accessToken}` },
  });
  const jwks = async () => {
    const { body } = await httpsRequest(server, '/.well-known/jwks.json');
    return new Response(body, { headers: { 'content-type': 'application/json' } });
  };
  const issuer = { issuer: ISSUER, jwks_uri: `${server.address}/.well-known/jwks.json` };
  const options = { [oauth.customFetch]: jwks };
  return oauth.validateJwtAccessToken(issuer, request, AUDIENCE, options);
}

test('R21 an access token has the type and every claim that RFC 9068 requires', async () => {
  const device = newDevice();
  const first = await issued(tokens, device, { clientId: 'ios-app', scopes: ['read'] });
  for (const { accessToken } of [first, await refreshed(tokens, first.refreshToken)]) {
    expect(decodeProtectedHeader(accessToken).typ).toBe('at+jwt');
    expect(decodeJwt(accessToken)).toMatchObject({
      iss: ISSUER,
      exp: expect.any(Number),
      aud: AUDIENCE,
      sub: device.userId,
      client_id: 'ios-app',
      iat: expect.any(Number),
      jti: expect.any(String),
      scope: 'read',
    });
    expect(await acceptedByStockLibrary(accessToken)).toMatchObject({ client_id: 'ios-app' });
  }
});

test('R21 the caller stands in for a client that Issue does not name', async () => {
  const { apiKey } = await server.client(CallerService).createCaller({
    ...{ name: 'auth-service', permissions: [1], tenants: ['acme'] },
  });
  const { accessToken } = await issued(server.client(TokenService, apiKey), newDevice());
  expect(decodeJwt(accessToken)['client_id']).toBe('auth-service');
});

test('R21 the client is told by Validate, GetSession and ListSessions', async () => {
  const device = newDevice();
  const clientId = 'Some Client, Ltd. "x" \\ ~';
  const { accessToken } = await issued(tokens, device, { clientId });
  const byToken = await tokens.validate({ subject: { case: 'token', value: accessToken } });
  expect(byToken).toMatchObject({ active: true, clientId });
  const ids = byToken.token;
  if (ids === undefined) throw new Error('the answer holds no ids');
  expect(await tokens.validate({ subject: { case: 'ids', value: ids } })).toMatchObject({
    clientId,
  });
  const { session } = await tokens.getSession({ device });
  const { tenantId, userId } = device;
  const { sessions } = await tokens.listSessions({ tenantId, userId });
  for (const each of [session, ...sessions]) expect(each?.clientId).toBe(clientId);
});

test.each([
  ['not ASCII', 'clïent'],
  ['a control character', 'a\tb'],
  ['too long', 'c'.repeat(257)],
])('R21 a client id that is %s is refused and changes nothing', async (_what, clientId) => {
  const device = newDevice();
  const before = await stored.dump();
  const { reason, metadata } = await failureOf(tokens.issue({ device, clientId }));
  expect({ reason, field: metadata['field'] }).toEqual({
    reason: 'INVALID_FIELD',
    field: 'client_id',
  });
  expect(await stored.dump()).toEqual(before);
});

test('R21 a custom claim cannot name another client', async () => {
  const call = tokens.issue({ device: newDevice(), claims: { client_id: 'another' } });
  expect(await failureOf(call)).toMatchObject({
    reason: 'INVALID_FIELD',
    metadata: { field: 'claims' },
  });
});

test('R21 a session from before there were client ids lives on without one', async () => {
  const device = newDevice();
  const { accessToken, refreshToken } = await issued(tokens, device);
  await expect.poll(async () => (await stored.session(device)).fp).toBeDefined();
  await stored.redis.hdel(stored.placeOf(device).active, STORED_CLAIMS.clientId.letter);
  expect(await verdictOf(tokens, accessToken)).toBe('ACTIVE');
  const next = await refreshed(tokens, refreshToken);
  expect(decodeJwt(next.accessToken)).not.toHaveProperty('client_id');
  expect(await verdictOf(tokens, next.accessToken)).toBe('ACTIVE');
  const { session } = await tokens.getSession({ device });
  expect(session).toMatchObject({ tokenId: next.tokenId, clientId: '' });
});
