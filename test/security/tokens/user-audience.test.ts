import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../setup/server.ts';
import { reasonOf } from '../../wire/failure.ts';
import { issued, newDevice, refreshed } from '../../wire/issued.ts';
import { clientsOf, PROTOCOLS } from '../../wire/protocols.ts';

const AUDIENCES = { SIGNUM_AUDIENCE: 'own,api,partner' };

describe.each([
  ['the first one, unless told otherwise', {}, 'own'],
  ['the one of the setting', { SIGNUM_USER_AUDIENCE: 'api' }, 'api'],
])('an access token is a credential of its user if it names %s', (_what, env, audience) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ ...AUDIENCES, ...env });
  });
  afterAll(() => server?.close());

  const others = AUDIENCES.SIGNUM_AUDIENCE.split(',').filter((each) => each !== audience);

  test.each(PROTOCOLS)('over %s', async (protocol) => {
    const admin = clientsOf(server, protocol).tokens;
    const device = newDevice();
    const { tenantId, userId } = device;
    for (const audiences of [...others.map((each) => [each]), others]) {
      const { accessToken } = await issued(admin, device, { audiences, scopes: ['everything'] });
      const { tokens } = clientsOf(server, protocol, accessToken);
      for (const call of [
        () => tokens.listSessions({ tenantId, userId }),
        () => tokens.getSession({ device }),
        () => tokens.revokeUser({ tenantId, userId }),
        () => tokens.revoke({ subject: { case: 'device', value: device } }),
      ]) {
        expect(await reasonOf(call())).toBe('CREDENTIAL_INVALID');
      }
    }
    const own = [...others, audience];
    const { accessToken } = await issued(admin, device, { audiences: own });
    const { tokens } = clientsOf(server, protocol, accessToken);
    expect((await tokens.listSessions({ tenantId, userId })).totalSize).toBe(1);
    expect((await tokens.revokeUser({ tenantId, userId })).revokedCount).toBe(1);
  });

  test('and whoever holds one for another may refresh and end its session all the same', async () => {
    const { tokens: admin } = clientsOf(server, 'Connect binary on HTTP/2');
    const { tokens: app } = clientsOf(server, 'Connect binary on HTTP/2', null);
    const first = await issued(admin, newDevice(), { audiences: others });
    const { accessToken } = await refreshed(app, first.refreshToken);
    const { revokedCount } = await app.revoke({ subject: { case: 'token', value: accessToken } });
    expect(revokedCount).toBe(1);
  });
});

test('an audience for users that no token can have stops the start', async () => {
  const env = { ...AUDIENCES, SIGNUM_USER_AUDIENCE: 'elsewhere' };
  await expect(startTestServer(env)).rejects.toThrow('SIGNUM_USER_AUDIENCE');
});
