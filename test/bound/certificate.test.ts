import { X509Certificate } from 'node:crypto';
import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { Verdict } from '@signum/contract/signum/v1/token_service_pb.js';
import { certificateThumbprint } from '@signum/token';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type ClientIdentity,
  createTestCertificates,
  type TestCertificates,
} from '../listeners/certificates.ts';
import { send } from '../listeners/send.ts';
import { CallerService, startTestServer, type TestServer, TokenService } from '../setup/server.ts';

let signum: TestServer;
let clients: TestCertificates;
let holder: ClientIdentity;
let thief: ClientIdentity;
let thumbprint: string;

beforeAll(async () => {
  clients = await createTestCertificates();
  signum = await startTestServer({
    SIGNUM_TLS_CLIENT_CA_FILE: clients.files.clientCaFile,
    SIGNUM_GATEWAY_CERTIFICATE_HEADER: 'Client-Cert',
  });
  [holder, thief] = [await clients.client('app'), await clients.client('thief')];
  thumbprint = certificateThumbprint(holder.cert) ?? '';
});
afterAll(async () => {
  await signum.close();
  clients.remove();
});

let devices = 0;
async function issue() {
  devices += 1;
  const device = { tenantId: 'acme', userId: 'ada', deviceId: `d${devices}` };
  const method = { case: 'certificateThumbprint' as const, value: thumbprint };
  const { tokens } = await signum.client(TokenService).issue({ device, confirmation: { method } });
  return { accessToken: tokens?.accessToken ?? '', refreshToken: tokens?.refreshToken ?? '' };
}

function call(method: string, message: object, identity?: ClientIdentity, authorization?: string) {
  return send({
    ...{ version: '2', port: signum.server.addresses.public.port, ca: Buffer.from(signum.ca) },
    ...{ method: 'POST', path: `/signum.v1.TokenService/${method}`, body: JSON.stringify(message) },
    identity,
    headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
  });
}

const reasonOf = async (answer: ReturnType<typeof call>) =>
  JSON.parse((await answer).body.toString()).details?.[0]?.debug?.reason;

describe('a token that is bound to a client certificate', () => {
  test('is good with that certificate, and with no other', async () => {
    const { accessToken } = await issue();
    const claims = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString());
    expect(claims.cnf).toEqual({ 'x5t#S256': thumbprint });
    const subject = { case: 'token', value: accessToken } as const;
    const verdict = async (certificateThumbprint?: string) => {
      const proof = certificateThumbprint === undefined ? {} : { proof: { certificateThumbprint } };
      return Verdict[(await signum.client(TokenService).validate({ subject, ...proof })).verdict];
    };
    expect(await verdict(thumbprint)).toBe('ACTIVE');
    expect(await verdict()).toBe('KEY_PROOF_REQUIRED');
    expect(await verdict(certificateThumbprint(thief.cert))).toBe('KEY_PROOF_INVALID');
  });

  test('is refreshed over a connection that shows it, and over no other', async () => {
    const { refreshToken } = await issue();
    expect(await reasonOf(call('Refresh', { refreshToken }))).toBe('KEY_PROOF_REQUIRED');
    expect(await reasonOf(call('Refresh', { refreshToken }, thief))).toBe('KEY_PROOF_INVALID');
    expect((await call('Refresh', { refreshToken }, holder)).status).toBe(200);
  });

  test('is its holder’s credential over such a connection, and logs out over no other', async () => {
    const { accessToken } = await issue();
    const who = { tenantId: 'acme', userId: 'ada' };
    const bearer = `Bearer ${accessToken}`;
    expect((await call('ListSessions', who, holder, bearer)).status).toBe(200);
    expect((await call('ListSessions', who, thief, bearer)).status).toBe(401);
    expect((await call('ListSessions', who, undefined, bearer)).status).toBe(401);
    expect(await reasonOf(call('Revoke', { token: accessToken }, thief))).toBe('KEY_PROOF_INVALID');
    expect((await call('Revoke', { token: accessToken }, holder)).status).toBe(200);
  });

  test('passes a gateway that passes on the certificate', async () => {
    const { apiKey } = await signum.client(CallerService).createCaller({
      name: 'gateway',
      permissions: [Permission.VALIDATE],
      tenants: ['acme'],
    });
    const { accessToken } = await issue();
    const answerTo = (certificate?: string) =>
      send({
        ...{
          version: '1.1',
          port: signum.server.addresses.public.port,
          ca: Buffer.from(signum.ca),
        },
        path: '/authz',
        headers: {
          'x-signum-key': apiKey,
          authorization: `Bearer ${accessToken}`,
          ...(certificate !== undefined && { 'client-cert': certificate }),
        },
      });
    const ask = async (certificate?: string) => (await answerTo(certificate)).status;
    const bytes = (pem: Buffer) => `:${new X509Certificate(pem).raw.toString('base64')}:`;
    expect(await ask(bytes(holder.cert))).toBe(200);
    expect(await ask(encodeURIComponent(holder.cert.toString()))).toBe(200);
    const stolen = await answerTo(bytes(thief.cert));
    expect(stolen.status).toBe(401);
    // RFC 8705 section 3.
    expect(stolen.headers['www-authenticate']).toContain('Bearer error="invalid_token"');
    expect(await ask('rubbish')).toBe(401);
    expect(await ask()).toBe(401);
  });
});
