import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Holder, newHolder } from '../bound/holder.ts';
import { until } from '../setup/until.ts';
import { ASKING } from './asking.ts';
import { ask, bearer } from './client.ts';
import { type GatewayLab, openGatewayLab } from './lab.ts';

let lab: GatewayLab;
let holder: Holder;
beforeAll(async () => {
  lab = await openGatewayLab({ SIGNUM_DPOP_NONCE: 'required' });
  holder = await newHolder();
});
afterAll(() => lab?.close());

describe.each(ASKING)('$gateway.name at $at', ({ gateway, way }) => {
  const present = gateway.executable() !== undefined;

  test.skipIf(!present)('tells a client the nonce that its proof must hold', async () => {
    const port = await lab.gateway(gateway, way);
    const userId = gateway.name;
    const { accessToken: plain } = await lab.issue({ userId });
    const good = async () => ask(port, { headers: bearer(plain) });
    await until('a good token passes', async () => (await good()).status === 200);
    expect((await good()).headers).not.toHaveProperty('dpop-nonce');
    expect((await ask(port)).headers).not.toHaveProperty('dpop-nonce');
    const { accessToken } = await lab.issue({ jkt: holder.thumbprint, userId });
    const shown = async (nonce?: string) => {
      const uri = `http://127.0.0.1:${port}/orders`;
      const proof = await holder.prove({ method: 'GET', uri, about: accessToken, nonce });
      return ask(port, { headers: ['Authorization', `DPoP ${accessToken}`, 'DPoP', proof] });
    };
    const { status, headers } = await shown();
    expect(status).toBe(401);
    expect(headers['www-authenticate']).toContain('error="use_dpop_nonce"');
    expect(headers['dpop-nonce']).toMatch(/^[\w.~-]+$/);
    expect((await shown(String(headers['dpop-nonce']))).status).toBe(200);
  });
});
