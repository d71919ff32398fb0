import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENVOY_JWT_AUTHN } from '../../examples/run/gateway.ts';
import { until } from '../setup/until.ts';
import { ask, bearer } from './client.ts';
import { type GatewayLab, openGatewayLab } from './lab.ts';
import { describeRow } from './suite.ts';

const present = ENVOY_JWT_AUTHN.executable() !== undefined;

describe.skipIf(!present)(
  present ? 'envoy-jwt-authn' : `envoy-jwt-authn (needs ${ENVOY_JWT_AUTHN.needs})`,
  () => {
    let lab: GatewayLab;
    let port: number;
    beforeAll(async () => {
      lab = await openGatewayLab();
      port = await lab.gateway(ENVOY_JWT_AUTHN, 'key');
      const { accessToken } = await lab.issue();
      await until(
        'Envoy has the keys',
        async () => (await ask(port, { headers: bearer(accessToken) })).status === 200,
      );
    });
    afterAll(() => lab?.close());

    test('a good token passes, and the service is told whose it is', async () => {
      const { accessToken, sessionId } = await lab.issue({ scopes: ['read'] });
      const { status, body } = await ask(port, { headers: bearer(accessToken) });
      expect(status).toBe(200);
      expect(JSON.parse(body)).toMatchObject({
        'x-signum-user': 'ada',
        'x-signum-tenant': 'acme',
        'x-signum-session': sessionId,
        'x-signum-scope': 'read',
      });
    });

    test.each([[[]], [bearer('rubbish')], [bearer('eyJhbGciOiJub25lIn0.eyJzdWIiOiJldmUifQ.')]])(
      'what is no token of Signum’s is refused: %j',
      async (headers) => {
        expect((await ask(port, { headers })).status).toBe(401);
      },
    );

    test('a client cannot pass for somebody else', async () => {
      const { accessToken } = await lab.issue();
      const headers = ['X-Signum-Scope', 'admin', 'X-Signum-User', 'eve', ...bearer(accessToken)];
      const told = JSON.parse((await ask(port, { headers })).body);
      expect(told['x-signum-user']).toBe('ada');
      expect(told).not.toHaveProperty('x-signum-scope');
    });

    test('a revoked token goes on to be accepted, as the example warns', async () => {
      const { accessToken, revoke } = await lab.issue();
      await revoke();
      expect((await ask(port, { headers: bearer(accessToken) })).status).toBe(200);
    });

    describeRow(ENVOY_JWT_AUTHN, () => lab);
  },
);
