import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { Authorization } from '@signum/contract/envoy/service/auth/v3/external_auth_pb.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type ClientIdentity,
  createTestCertificates,
  type TestCertificates,
} from '../listeners/certificates.ts';
import { send } from '../listeners/send.ts';
import { TokenService } from '../setup/server.ts';
import { type Doors, openDoors } from './doors.ts';

let doors: Doors;
let foreign: TestCertificates;
let stranger: ClientIdentity;
let token: string;

beforeAll(async () => {
  // An edge without keys of gateways.
  doors = await openDoors({}, { SIGNUM_EDGE_GATEWAY_KEY: '' });
  foreign = await createTestCertificates();
  stranger = await foreign.client('gateway');
  const device = { tenantId: 'acme', userId: 'ada', deviceId: 'phone' };
  const { tokens } = await doors.signum.client(TokenService).issue({ device });
  token = tokens?.accessToken ?? '';
});
afterAll(async () => {
  await doors?.close();
  foreign?.remove();
});

const authorization = () => `Bearer ${token}`;

const authz = async (
  version: '1.1' | '2',
  identity?: ClientIdentity,
  headers: Record<string, string> = {},
) =>
  send({
    ...{ version, port: doors.http['signum edge'], ca: Buffer.from(doors.signum.ca), identity },
    ...{ path: '/authz', headers: { authorization: authorization(), ...headers } },
  });

function check(identity: ClientIdentity | undefined) {
  const transport = createGrpcTransport({
    baseUrl: `https://localhost:${doors.grpc['signum edge']}`,
    nodeOptions: { ca: doors.signum.ca, ...identity },
  });
  const headers = { authorization: authorization() };
  const http = { method: 'GET', path: '/', host: 'api', scheme: 'https', headers };
  return createClient(Authorization, transport).check({ attributes: { request: { http } } });
}

describe('signum edge over TLS, for gateways with a certificate', () => {
  test.each(['1.1', '2'] as const)('answers one that shows it, over HTTP/%s', async (version) => {
    const { status, headers } = await authz(version, doors.certificate);
    expect([status, headers['x-signum-user']]).toEqual([200, 'ada']);
  });

  test('answers Envoy that shows it', async () => {
    expect(await check(doors.certificate)).toMatchObject({ httpResponse: { case: 'okResponse' } });
  });

  test('takes no connection without one, or with one of another authority, whatever the key', async () => {
    const key = { 'x-signum-key': doors.key };
    for (const identity of [undefined, stranger]) {
      await expect(authz('1.1', identity, key)).rejects.toThrow();
      await expect(authz('2', identity, key)).rejects.toThrow();
      await expect(check(identity)).rejects.toThrow();
    }
  });

  test('says so when it starts', () => {
    const said = doors.edge.describe().join('\n');
    expect(said).toContain('(HTTP, TLS)');
    expect(said).toContain('gateways with a certificate of SIGNUM_TLS_CLIENT_CA_FILE');
  });
});
