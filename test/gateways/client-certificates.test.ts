import { X509Certificate } from 'node:crypto';
import { certificateThumbprint } from '@signum/token';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ClientIdentity, createTestCertificates } from '../listeners/certificates.ts';
import { send } from '../listeners/send.ts';
import { until } from '../setup/until.ts';
import { ASKING } from './asking.ts';
import { ask, bearer } from './client.ts';
import { type GatewayLab, openGatewayLab } from './lab.ts';

let lab: GatewayLab;
let owner: ClientIdentity;
let other: ClientIdentity;
beforeAll(async () => {
  lab = await openGatewayLab();
  [owner, other] = [await lab.client('owner'), await lab.client('other')];
});
afterAll(() => lab?.close());

/** The owner's certificate in every form in which gateways pass one on. */
function forgeries(): readonly string[] {
  const pem = owner.cert.toString();
  const der = new X509Certificate(owner.cert).raw.toString('base64');
  const escaped = encodeURIComponent(pem);
  return [`:${der}:`, der, escaped, `Cert="${escaped}"`];
}

/** The names under which gateways pass it on, and spellings that some services take for them. */
const NAMES = ['Client-Cert', 'client_cert', 'X-Forwarded-Client-Cert', 'X-SSL-Client-Cert'];

describe.each(ASKING)('$gateway.name at $at', ({ gateway, way }) => {
  const present = gateway.executable() !== undefined;
  let port: number;
  let plainPort: number;
  let authorization: string;

  const status = async (identity?: ClientIdentity, headers: Record<string, string> = {}) => {
    const told = { authorization, host: `localhost:${port}`, ...headers };
    const request = { path: '/orders', headers: told, identity };
    return (await send({ version: '1.1', port, ca: lab.ca, ...request })).status;
  };

  beforeAll(async () => {
    if (!present) return;
    [port, plainPort] = [await lab.gateway(gateway, way, 'mtls'), await lab.gateway(gateway, way)];
    const certificate = certificateThumbprint(owner.cert);
    const { accessToken } = await lab.issue({ certificate, userId: gateway.name });
    authorization = `Bearer ${accessToken}`;
    await until('the owner passes', async () => (await status(owner)) === 200);
  });

  test.skipIf(!present)('lets pass whom its token is bound to, and no other client', async () => {
    const before = lab.service.requests.length;
    expect(await status(other)).toBe(401);
    expect(await status()).toBe(401);
    expect(lab.service.requests.length).toBe(before);
    expect(await status(owner)).toBe(200);
  });

  test.skipIf(!present)('takes no certificate of an authority that it does not know', async () => {
    const foreign = await createTestCertificates();
    try {
      const answer = await status(await foreign.client('owner')).catch(() => 'closed');
      expect(['closed', 400]).toContain(answer);
    } finally {
      foreign.remove();
    }
  });

  test.skipIf(!present)('believes no client what its certificate is', async () => {
    const before = lab.service.requests.length;
    for (const name of NAMES) {
      for (const forged of forgeries()) {
        for (const identity of [other, undefined]) {
          expect([name, await status(identity, { [name]: forged })]).toEqual([name, 401]);
        }
        // Without TLS nobody shows one.
        const headers = [name, forged, ...bearer(authorization.slice('Bearer '.length))];
        expect((await ask(plainPort, { headers })).status).toBe(401);
      }
    }
    expect(lab.service.requests.length).toBe(before);
    // Nor does it take away from what the client has shown.
    expect(await status(owner, { 'Client-Cert': ':AAAA:' })).toBe(200);
  });
});
