import { X509Certificate } from 'node:crypto';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { Authorization } from '@signum/contract/envoy/service/auth/v3/external_auth_pb.js';
import { Fence } from '@signum/contract/signum/v1/token_pb.js';
import { certificateThumbprint } from '@signum/token';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DOORKEEPERS, type Doorkeeper, type Doors, openDoors } from '../gateways/doors.ts';
import type { ClientIdentity } from '../listeners/certificates.ts';
import { send } from '../listeners/send.ts';
import { TokenService } from '../setup/server.ts';
import { type Holder, newHolder, type ProofRequest } from './holder.ts';

const ORIGIN = 'https://api.example';
const API = `${ORIGIN}/orders`;
const DPOP = (error: string) => new RegExp(`^DPoP error="${error}".*, algs="ES256 [^"]*"$`);
const INVALID = /^Bearer error="invalid_token", error_description="[^"]*bound to[^"]*"$/;

let doors: Doors;
let holder: Holder;
let thief: Holder;
/** Holds the key of a certificate that tokens are bound to, and somebody else of the same authority. */
let app: ClientIdentity;
let other: ClientIdentity;

beforeAll(async () => {
  doors = await openDoors({ SIGNUM_GATEWAY_CERTIFICATE_HEADER: 'Client-Cert' });
  [holder, thief] = [await newHolder(), await newHolder()];
  [app, other] = [await doors.certificates.client('app'), await doors.certificates.client('other')];
});
afterAll(() => doors?.close());

let devices = 0;
async function issue(method?: { case: 'jkt' | 'certificateThumbprint'; value: string }) {
  devices += 1;
  const device = { tenantId: 'acme', userId: 'ada', deviceId: `d${devices}` };
  const confirmation = method && { confirmation: { method } };
  const { tokens } = await doors.signum
    .client(TokenService)
    .issue({ device, scopes: ['read'], ...confirmation });
  return tokens?.accessToken ?? '';
}
const issueBound = () => issue({ case: 'jkt', value: holder.thumbprint });

const proofFor = (token: string, request: Partial<ProofRequest> = {}, by = holder) =>
  by.prove({ method: 'GET', uri: API, about: token, ...request });

/** What a gateway tells of its client's request. */
interface Told {
  readonly authorization: string;
  readonly dpop?: string;
  readonly certificate?: Buffer;
  readonly scope?: string;
}
interface Answer {
  readonly status: number;
  readonly challenge: string | undefined;
  readonly nonce: string | undefined;
}

/** A gateway's ways to tell of a request to /orders?page=2. */
const WAYS = ['nginx', 'Traefik', 'Envoy over HTTP', 'Envoy over gRPC'] as const;
type Way = (typeof WAYS)[number];

const HEADERS: Record<Exclude<Way, 'Envoy over gRPC'>, Record<string, string>> = {
  nginx: { 'x-original-method': 'GET', 'x-original-url': `${API}?page=2` },
  Traefik: {
    'x-forwarded-method': 'GET',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'api.example',
    'x-forwarded-uri': '/orders?page=2',
  },
  'Envoy over HTTP': { 'x-forwarded-proto': 'https', host: 'api.example' },
};

function ask(at: Doorkeeper, way: Way, told: Told, more: Record<string, string> = {}) {
  return way === 'Envoy over gRPC' ? askByGrpc(at, told) : askByHttp(at, way, told, more);
}

async function askByHttp(
  at: Doorkeeper,
  way: Exclude<Way, 'Envoy over gRPC'>,
  { authorization, dpop, certificate, scope }: Told,
  more: Record<string, string>,
): Promise<Answer> {
  const { status, headers } = await send({
    ...{ version: '1.1', port: doors.http[at], ca: Buffer.from(doors.signum.ca) },
    path: way === 'Envoy over HTTP' ? '/authz/orders?page=2' : '/authz',
    headers: {
      ...{ 'x-signum-key': doors.key, authorization, ...HEADERS[way], ...more },
      ...(scope !== undefined && { 'x-signum-required-scope': scope }),
      ...(dpop !== undefined && { dpop }),
      ...(certificate && {
        'client-cert': `:${new X509Certificate(certificate).raw.toString('base64')}:`,
      }),
    },
  });
  const text = (name: string) => headers[name]?.toString();
  return { status, challenge: text('www-authenticate'), nonce: text('dpop-nonce') };
}

async function askByGrpc(
  at: Doorkeeper,
  { authorization, dpop, certificate, scope }: Told,
  about: { readonly host?: string; readonly path?: string } = {},
): Promise<Answer> {
  const transport = createGrpcTransport({
    baseUrl: `https://localhost:${doors.grpc[at]}`,
    nodeOptions: { ca: doors.signum.ca, ...doors.certificate },
  });
  const usual = { method: 'GET', scheme: 'https', host: 'api.example', path: '/orders?page=2' };
  const http = { ...usual, ...about };
  const { httpResponse } = await createClient(Authorization, transport).check({
    attributes: {
      request: { http: { ...http, headers: { authorization, ...(dpop && { dpop }) } } },
      ...(certificate && { source: { certificate: encodeURIComponent(certificate.toString()) } }),
      ...(scope !== undefined && { contextExtensions: { scope } }),
    },
  });
  if (httpResponse.case === 'okResponse') {
    return { status: 200, challenge: undefined, nonce: undefined };
  }
  const { status, headers = [] } = httpResponse.value ?? {};
  const text = (name: string) => headers.find(({ header }) => header?.key === name)?.header?.value;
  return {
    status: status?.code ?? 0,
    challenge: text('www-authenticate'),
    nonce: text('dpop-nonce'),
  };
}

describe.each(DOORKEEPERS)('at %s', (at) => {
  describe.each(WAYS)('by %s', (way) => {
    test('a token that is bound to a key passes with a proof, once', async () => {
      const token = await issueBound();
      const told = { authorization: `DPoP ${token}`, dpop: await proofFor(token) };
      expect(await ask(at, way, told)).toMatchObject({ status: 200 });
      const again = await ask(at, way, told);
      expect(again).toMatchObject({
        ...{ status: 401, challenge: expect.stringMatching(DPOP('invalid_dpop_proof')) },
      });
    });

    test.each<[string, (token: string) => Promise<Told>, string]>([
      ['as a bearer token', async (t) => ({ authorization: `Bearer ${t}` }), 'invalid_token'],
      [
        'as a bearer token with its proof',
        async (t) => ({ authorization: `Bearer ${t}`, dpop: await proofFor(t) }),
        'invalid_token',
      ],
      ['without a proof', async (t) => ({ authorization: `DPoP ${t}` }), 'invalid_dpop_proof'],
      [
        'with a thief’s proof',
        async (t) => ({ authorization: `DPoP ${t}`, dpop: await proofFor(t, {}, thief) }),
        'invalid_dpop_proof',
      ],
      [
        'with a proof for another URI',
        async (t) => ({
          authorization: `DPoP ${t}`,
          dpop: await proofFor(t, { uri: `${ORIGIN}/admin` }),
        }),
        'invalid_dpop_proof',
      ],
      [
        'with a proof for another method',
        async (t) => ({ authorization: `DPoP ${t}`, dpop: await proofFor(t, { method: 'POST' }) }),
        'invalid_dpop_proof',
      ],
    ])('one that comes %s is challenged as DPoP', async (_what, tell, error) => {
      const answer = await ask(at, way, await tell(await issueBound()));
      expect(answer).toMatchObject({
        ...{ status: 401, challenge: expect.stringMatching(DPOP(error)) },
      });
    });

    test('whatever else is wrong with it is told in its scheme', async () => {
      const token = await issueBound();
      const told = async (more: object = {}) =>
        ask(at, way, { authorization: `DPoP ${token}`, dpop: await proofFor(token), ...more });
      expect(await told({ scope: 'admin' })).toMatchObject({
        ...{ status: 403, challenge: expect.stringMatching(DPOP('insufficient_scope')) },
      });
      const subject = { case: 'token', value: token } as const;
      await doors.signum.client(TokenService).revoke({ subject, fence: Fence.EDGES });
      expect(await told()).toMatchObject({
        ...{ status: 401, challenge: expect.stringMatching(DPOP('invalid_token')) },
      });
    });

    test('a bearer token that comes as DPoP is refused', async () => {
      const token = await issue();
      const told = { authorization: `DPoP ${token}`, dpop: await proofFor(token) };
      expect((await ask(at, way, told)).status).toBe(401);
      expect((await ask(at, way, { authorization: `Bearer ${token}` })).status).toBe(200);
    });

    test('a token that is bound to a certificate passes with that one, and is challenged as Bearer', async () => {
      const value = certificateThumbprint(app.cert) ?? '';
      const authorization = `Bearer ${await issue({ case: 'certificateThumbprint', value })}`;
      const told = (certificate?: Buffer) =>
        ask(at, way, { authorization, ...(certificate && { certificate }) });
      expect(await told(app.cert)).toMatchObject({ status: 200 });
      for (const certificate of [other.cert, undefined]) {
        expect(await told(certificate)).toMatchObject({
          ...{ status: 401, challenge: expect.stringMatching(INVALID) },
        });
      }
      // The gateway's own certificate, by which it is let in, is not its client's.
      expect((await told(doors.certificate.cert)).status).toBe(401);
    });
  });

  test('a request that is told in two ways, or in none, has no proof', async () => {
    const token = await issueBound();
    const told = async () => ({ authorization: `DPoP ${token}`, dpop: await proofFor(token) });
    const twice = { 'x-original-url': API };
    expect((await ask(at, 'Traefik', await told(), twice)).status).toBe(401);
    expect((await ask(at, 'Envoy over HTTP', await told(), twice)).status).toBe(401);
    expect((await ask(at, 'nginx', await told(), { 'x-original-url': '' })).status).toBe(401);
    expect((await ask(at, 'nginx', await told(), { 'x-original-method': '' })).status).toBe(401);
  });
});

test.each(DOORKEEPERS)('a host that goes on with a path is none, at %s', async (at) => {
  const token = await issueBound();
  const host = 'api.example/orders?';
  const told = async () => ({ authorization: `DPoP ${token}`, dpop: await proofFor(token) });
  const more = { 'x-forwarded-host': host, 'x-forwarded-uri': '/admin' };
  expect((await ask(at, 'Traefik', await told(), more)).status).toBe(401);
  const proto = { 'x-forwarded-proto': `${API}?`, 'x-forwarded-uri': '/admin' };
  expect((await ask(at, 'Traefik', await told(), proto)).status).toBe(401);
  const path = { 'x-forwarded-host': 'api.example', 'x-forwarded-uri': 'x/orders' };
  expect((await ask(at, 'Traefik', await told(), path)).status).toBe(401);
  expect((await askByGrpc(at, await told(), { host, path: '/admin' })).status).toBe(401);
  expect((await askByGrpc(at, await told(), {})).status).toBe(200);
});

test('a proof that was used at one is refused at the other, whichever came first', async () => {
  for (const [first, second] of [DOORKEEPERS, [...DOORKEEPERS].reverse()] as [
    Doorkeeper,
    Doorkeeper,
  ][]) {
    const token = await issueBound();
    const told = { authorization: `DPoP ${token}`, dpop: await proofFor(token) };
    expect((await ask(first, 'nginx', told)).status).toBe(200);
    expect((await ask(second, 'Envoy over gRPC', told)).status).toBe(401);
  }
});
