import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStored, type Stored } from '../../requirements/stored.ts';
import { startTestServer, type TestServer, TokenService } from '../../setup/server.ts';
import { failureOf, reasonOf } from '../../wire/failure.ts';
import { issued, newDevice, refreshed, verdictOf } from '../../wire/issued.ts';
import { clientsOf } from '../../wire/protocols.ts';

const LONG_AUDIENCE = `https://${'a'.repeat(240)}.example`;

let server: TestServer;
let stored: Stored;
beforeAll(async () => {
  const audiences = Array.from({ length: 8 }, (_, i) => LONG_AUDIENCE.replace('a', String(i)));
  server = await startTestServer({ SIGNUM_AUDIENCE: ['api', ...audiences].join(',') });
  stored = openStored(server);
});
afterAll(async () => {
  stored?.close();
  await server?.close();
});

const text = (bytes: number) => 'x'.repeat(bytes);

test.each([
  ['scopes', { scopes: Array.from({ length: 64 }, (_, i) => `${text(100)}${i}`) }],
  [
    'audiences',
    { audiences: Array.from({ length: 8 }, (_, i) => LONG_AUDIENCE.replace('a', String(i))) },
  ],
  [
    'claims',
    { claims: { a: text(1_000) }, scopes: Array.from({ length: 9 }, (_, i) => `${text(105)}${i}`) },
  ],
])('an Issue whose %s would not fit into a token changes nothing', async (field, wish) => {
  const tokens = server.client(TokenService);
  const device = newDevice();
  const good = await issued(tokens, device);
  await expect.poll(async () => (await stored.session(device)).fp).toBeDefined();
  const before = await stored.dump();
  const { reason, metadata } = await failureOf(tokens.issue({ device, ...wish }));
  expect({ reason, field: metadata['field'] }).toEqual({ reason: 'INVALID_FIELD', field });
  expect(await stored.dump()).toEqual(before);
  expect(await verdictOf(tokens, good.accessToken)).toBe('ACTIVE');
});

test('half of a surrogate pair in a claim changes nothing either', async () => {
  const { tokens } = clientsOf(server, 'Connect JSON on HTTP/2');
  const device = newDevice();
  const call = tokens.issue({ device, claims: { name: '\ud800' } });
  expect(await reasonOf(call)).toBe('INVALID_FIELD');
  expect(await stored.session(device)).toEqual({});
});

test('the longest ids and the most custom claims make tokens that are issued, validated and refreshed', async () => {
  const tokens = server.client(TokenService);
  const device = { tenantId: text(256), userId: 'é'.repeat(128), deviceId: '😀'.repeat(64) };
  const claims = { c: text(1_024 - '{"c":""}'.length) };
  const first = await issued(tokens, device, { claims, scopes: ['read'], audiences: ['api'] });
  expect(await verdictOf(tokens, first.accessToken)).toBe('ACTIVE');
  const next = await refreshed(tokens, first.refreshToken);
  expect(await verdictOf(tokens, next.accessToken)).toBe('ACTIVE');
});
