import { randomUUID } from 'node:crypto';
import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startAnother } from '../requirements/another-server.ts';
import { CallerService, ISSUER, startTestServer, type TestServer } from '../setup/server.ts';
import { until } from '../setup/until.ts';
import { clientOf } from './http.ts';

const TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

let one: TestServer;
let two: TestServer;
let key: CryptoKey;

const atOne = clientOf(() => one);
const atTwo = clientOf(() => two);

beforeAll(async () => {
  one = await startTestServer({ SIGNUM_CALLER_REFRESH: '100ms' });
  two = await startAnother(one);
  const pair = await generateKeyPair('ES256');
  key = pair.privateKey;
  const jwks = JSON.stringify({ keys: [await exportJWK(pair.publicKey)] });
  const permissions = [Permission.VALIDATE];
  await one.client(CallerService).createCaller({ name: 'api', permissions, tenants: ['*'], jwks });
  await until(
    'the other server knows it',
    async () => (await introspect(atTwo, await newAssertion())) === 200,
  );
});
afterAll(async () => {
  await two?.close();
  await one?.close();
});

function newAssertion(): Promise<string> {
  return new SignJWT({ jti: randomUUID() })
    .setProtectedHeader({ alg: 'ES256' })
    .setIssuer('api')
    .setSubject('api')
    .setAudience(ISSUER)
    .setIssuedAt()
    .setExpirationTime('1m')
    .sign(key);
}

async function introspect({ post }: typeof atOne, assertion: string): Promise<number> {
  const form = { client_assertion_type: TYPE, client_assertion: assertion, token: 'x' };
  return (await post('/oauth2/introspect', form)).status;
}

test('a client’s assertion is good once, at whichever server', async () => {
  const assertion = await newAssertion();
  expect(await introspect(atOne, assertion)).toBe(200);
  expect(await introspect(atTwo, assertion)).toBe(401);
  expect(await introspect(atOne, assertion)).toBe(401);
});

test('of many that show one assertion at once, one is let in', async () => {
  const assertion = await newAssertion();
  const all = await Promise.all(
    Array.from({ length: 10 }, (_, i) => introspect(i % 2 === 0 ? atOne : atTwo, assertion)),
  );
  expect(all.filter((status) => status === 200)).toHaveLength(1);
});
