import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CallerService, TokenService } from '../../setup/server.ts';
import { RFC_VECTORS } from '../../vectors/vectors.ts';
import { failureOf, reasonOf } from '../../wire/failure.ts';
import { issued, newDevice, refreshed, verdictOf } from '../../wire/issued.ts';
import { type Material, materialOf } from './attack.ts';
import { CLAIM_ATTACKS } from './claim-attacks.ts';
import { ecdsaTwin, forge } from './forge.ts';
import { HEADER_ATTACKS } from './header-attacks.ts';
import { watchConnections } from './outbound.ts';
import { REFRESH_ATTACKS } from './refresh-attacks.ts';
import { SIGNATURE_ATTACKS } from './signature-attacks.ts';
import { SPELLING_ATTACKS } from './spelling-attacks.ts';
import { openStage, type Stage } from './stage.ts';

const ATTACKS = [
  ...SIGNATURE_ATTACKS,
  ...HEADER_ATTACKS,
  ...SPELLING_ATTACKS,
  ...CLAIM_ATTACKS,
  ...REFRESH_ATTACKS,
];

let stage: Stage;
let trap: Server;
let asked = 0;
let on: Material;
const connections = watchConnections();

beforeAll(async () => {
  trap = createServer((_, response) => {
    asked += 1;
    response.end('{"keys":[]}');
  });
  trap.on('connection', () => {
    asked += 1;
  });
  await new Promise<void>((listening) => trap.listen(0, '127.0.0.1', listening));
  stage = await openStage();
  on = materialOf(stage, `http://127.0.0.1:${(trap.address() as AddressInfo).port}/jwks.json`);
});
afterAll(async () => {
  connections.stop();
  trap?.close();
  await stage?.close();
});

/** What Refresh and Revoke may answer: the token is not ours, or the request is not even one. */
const REFUSALS = ['TOKEN_INVALID', 'INVALID_FIELD', 'MESSAGE_TOO_LARGE'];
/** What a call may answer: the credential is not good, or the header does not hold one credential. */
const CREDENTIAL_REFUSALS = ['CREDENTIAL_INVALID', 'INVALID_FIELD'];
/** What an HTTP header may hold at all; the rest never gets as far as the server. */
const HEADER_VALUE = /^[\x21-\x7e][\x20-\x7e]*$/;

/** Presents a token in every place that takes one. Answers where it was accepted. */
async function acceptedBy(token: string): Promise<readonly string[]> {
  const { server } = stage;
  const tokens = server.client(TokenService);
  const nobody = server.client(TokenService, null);
  const accepted: string[] = [];
  const note = (where: string, good: boolean) => good && accepted.push(where);

  const validation = verdictOf(tokens, token).catch(() => 'REFUSED');
  note('Validate', (await validation) === 'ACTIVE');
  const item = { subject: { case: 'token', value: token } } as const;
  const batch = await tokens.batchValidate({ items: [item] }).catch(() => undefined);
  const result = batch?.results[0]?.result;
  note('BatchValidate', result?.case === 'response' && result.value.active);
  const refusal = async (call: Promise<unknown>) => (await failureOf(call)).reason ?? 'none';
  for (const client of [tokens, nobody]) {
    const refresh = client.refresh({ refreshToken: token });
    note('Refresh', !REFUSALS.includes(await refusal(refresh).catch(() => 'accepted')));
    const revoke = client.revoke({ subject: { case: 'token', value: token } });
    note('Revoke', !REFUSALS.includes(await refusal(revoke).catch(() => 'accepted')));
  }
  if (HEADER_VALUE.test(token) && token.length < 8_000) {
    const user = server.client(TokenService, token, 'connect-h1');
    const { device } = sessionOf();
    const reason = await reasonOf(user.getSession({ device }));
    note('Authorization', !CREDENTIAL_REFUSALS.includes(reason ?? 'none'));
  }
  return accepted;
}

function sessionOf() {
  const { payload } = on.access;
  const device = {
    tenantId: String(payload['tid']),
    userId: String(payload['sub']),
    deviceId: String(payload['did']),
  };
  return { device };
}

test.each(ATTACKS)('%s: refused wherever a token can be presented', async (_, make) => {
  const made = make(on);
  for (const token of typeof made === 'string' ? [made] : made) {
    expect({ token, acceptedBy: await acceptedBy(token) }).toEqual({ token, acceptedBy: [] });
  }
});

test.each(RFC_VECTORS)('$name: refused wherever a token can be presented', async ({ jws }) => {
  expect(await acceptedBy(jws)).toEqual([]);
});

test('a refresh token is no access token, and an access token no refresh token', async () => {
  const { server, pair } = stage;
  const tokens = server.client(TokenService);
  expect(await verdictOf(tokens, pair.refreshToken)).toBe('MALFORMED');
  expect(await reasonOf(tokens.refresh({ refreshToken: pair.accessToken }))).toBe('TOKEN_INVALID');
  const asUser = server.client(TokenService, pair.refreshToken);
  expect(await reasonOf(asUser.getSession(sessionOf()))).toBe('CREDENTIAL_INVALID');
});

test.each(['grpc', 'grpc-web', 'connect-h1'] as const)(
  'what is refused over Connect is refused over %s',
  async (protocol) => {
    const tokens = stage.server.client(TokenService, stage.server.adminKey, protocol);
    for (const [, make] of ATTACKS) {
      const [token = ''] = [make(on)].flat();
      expect(await verdictOf(tokens, token).catch(() => 'REFUSED')).not.toBe('ACTIVE');
    }
  },
);

test('after all that the session is untouched, and its own token opens its own doors', async () => {
  const { server, pair } = stage;
  const tokens = server.client(TokenService);
  expect(await verdictOf(tokens, pair.accessToken)).toBe('ACTIVE');
  const asUser = server.client(TokenService, pair.accessToken);
  const { session } = await asUser.getSession(sessionOf());
  expect(session).toMatchObject({ sessionId: pair.sessionId, tokenId: pair.tokenId });
});

test('no key was ever fetched: nothing connected to anything but Redis and the server', async () => {
  expect(asked).toBe(0);
  const { server } = stage;
  const allowed = [server.address, `https://${server.grpcAddress}`, server.redisUrl];
  const ports = new Set(allowed.map((url) => Number(new URL(url).port)));
  expect(connections.ports().filter((port) => !ports.has(port))).toEqual([]);
  expect(connections.ports()).toContain(Number(new URL(server.redisUrl).port));
});

test('the ECDSA twin is the same token: it opens what the token opens and dies with it', async () => {
  const tokens = stage.server.client(TokenService);
  const first = await issued(tokens, newDevice());
  const twin = ecdsaTwin(first.accessToken);
  expect(twin).not.toBe(first.accessToken);
  expect(await verdictOf(tokens, twin)).toBe('ACTIVE');
  const next = await refreshed(tokens, first.refreshToken);
  expect(await verdictOf(tokens, twin)).toBe('REVOKED');
  await tokens.revoke({ subject: { case: 'token', value: ecdsaTwin(next.accessToken) } });
  expect(await verdictOf(tokens, next.accessToken)).toBe('REVOKED');
  expect(await verdictOf(tokens, ecdsaTwin(next.accessToken))).toBe('REVOKED');
});

test('a right signature by a key of the ring makes no session: an unknown token id stays unknown', async () => {
  const tokens = stage.server.client(TokenService);
  for (const jwk of Object.values(stage.jwks)) {
    const jti = '01923ac0-0000-7000-8000-000000000002';
    const header = { alg: jwk.alg, typ: 'at+jwt', kid: jwk.kid };
    const token = forge(header, { ...on.access.payload, jti }, jwk);
    expect(await verdictOf(tokens, token)).toBe('UNKNOWN');
  }
});

test.each([
  [{ tid: 'acme:user-1', sub: 'device-1' }],
  [{ sub: '{0}' }],
  [{ sub: '*' }],
  [{ did: '%3A' }],
  [{ did: '*' }],
])('a rightly signed token with the ids %j names no session but its own', async (change) => {
  const tokens = stage.server.client(TokenService);
  const { header, payload } = on.access;
  const token = forge(header, { ...payload, ...change }, stage.jwks.ES256);
  expect(await verdictOf(tokens, token)).toBe('UNKNOWN');
  const { revokedCount } = await tokens.revoke({ subject: { case: 'token', value: token } });
  expect(revokedCount).toBe(0);
  expect(await verdictOf(tokens, stage.pair.accessToken)).toBe('ACTIVE');
});

test("one tenant's credential does nothing with another tenant's tokens", async () => {
  const { server, pair } = stage;
  const { apiKey } = await server.client(CallerService).createCaller({
    name: 'elsewhere',
    permissions: [Permission.VALIDATE, Permission.REFRESH, Permission.REVOKE, Permission.LIST],
    tenants: ['globex'],
  });
  const elsewhere = server.client(TokenService, apiKey);
  const subject = { case: 'token', value: pair.accessToken } as const;
  const reasons = await Promise.all([
    reasonOf(elsewhere.validate({ subject })),
    reasonOf(elsewhere.revoke({ subject })),
    reasonOf(elsewhere.refresh({ refreshToken: pair.refreshToken })),
    reasonOf(elsewhere.getSession(sessionOf())),
  ]);
  expect(reasons).toEqual(Array(4).fill('PERMISSION_DENIED'));
  expect(await verdictOf(server.client(TokenService), pair.accessToken)).toBe('ACTIVE');
});

test('ids made to collide are kept apart', async () => {
  const tokens = stage.server.client(TokenService);
  const places = [
    ['a:b', 'c', 'd'],
    ['a', 'b:c', 'd'],
    ['a', 'b', 'c:d'],
    ['a%3Ab', 'c', 'd'],
    ['a', 'b', 'c%3Ad'],
    ['a', 'b{0}', 'c'],
    ['a', 'b', '{0}c'],
    ['{0}', '*', '}'],
    ['a', '*', 'd'],
    ['a', 'b', 'c d'],
  ] as const;
  const pairs = await Promise.all(
    places.map(([tenantId, userId, deviceId]) => issued(tokens, { tenantId, userId, deviceId })),
  );
  for (const [index, pair] of pairs.entries()) {
    expect(await verdictOf(tokens, pair.accessToken)).toBe('ACTIVE');
    await tokens.revoke({ subject: { case: 'token', value: pair.accessToken } });
    const verdicts = await Promise.all(pairs.map((each) => verdictOf(tokens, each.accessToken)));
    expect(verdicts).toEqual(pairs.map((_, i) => (i <= index ? 'REVOKED' : 'ACTIVE')));
  }
});
