import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  CallerService,
  KeyService,
  startTestServer,
  type TestServer,
  TokenService,
} from '../setup/server.ts';
import { failureOf, reasonOf } from './failure.ts';
import { issued, newDevice, refreshed, type Tokens, verdictOf } from './issued.ts';
import { clientsOf, PROTOCOLS } from './protocols.ts';

const { ISSUE, REFRESH, VALIDATE, REVOKE, LIST, KEYS, CALLERS } = Permission;
const ALL = [ISSUE, REFRESH, VALIDATE, REVOKE, LIST, KEYS, CALLERS];

let server: TestServer;
let admin: Tokens;

beforeAll(async () => {
  server = await startTestServer({ SIGNUM_CALLER_REFRESH: '100ms' });
  admin = server.client(TokenService);
});
afterAll(() => server.close());

async function keyOf(
  name: string,
  permissions: readonly Permission[],
  tenants: readonly string[] = ['acme'],
): Promise<string> {
  const wish = { name, permissions: [...permissions], tenants: [...tenants] };
  return (await server.client(CallerService).createCaller(wish)).apiKey;
}

describe.each(PROTOCOLS)('by %s, nobody', (protocol) => {
  test('may refresh, log out with a token and read the key set', async () => {
    const { tokens, keys } = clientsOf(server, protocol, null);
    const { refreshToken } = await issued(admin, newDevice());
    const next = await refreshed(tokens, refreshToken);
    await tokens.revoke({ subject: { case: 'token', value: next.accessToken } });
    expect((await keys.getJwks({})).jwksJson).toContain('"kid"');
  });

  test('may do nothing else, and learns nothing of what exists', async () => {
    const { tokens, keys, callers } = clientsOf(server, protocol, null);
    const device = newDevice();
    const { tokenId, sessionId, accessToken } = await issued(admin, device);
    const { tenantId, userId } = device;
    const refused = [
      tokens.issue({ device }),
      tokens.issue({}),
      tokens.validate({ subject: { case: 'token', value: accessToken } }),
      tokens.validate({ subject: { case: 'ids', value: { ...device, tokenId } } }),
      tokens.batchValidate({ items: [{ subject: { case: 'token', value: accessToken } }] }),
      tokens.revoke({ subject: { case: 'device', value: device } }),
      tokens.revoke({ subject: { case: 'ids', value: { ...device, tokenId } } }),
      tokens.revoke({ subject: { case: 'session', value: { device, sessionId } } }),
      tokens.revoke({}),
      tokens.revokeUser({ tenantId, userId }),
      tokens.revokeTenant({ tenantId }),
      tokens.listSessions({ tenantId, userId }),
      tokens.getSession({ device }),
      tokens.getSession({ device: newDevice() }),
      keys.listKeys({}),
      keys.rotateKey({}),
      keys.revokeKey({ keyId: 'none' }),
      callers.createCaller({ name: 'x', permissions: [ISSUE], tenants: ['*'] }),
      callers.listCallers({}),
      callers.rotateCallerKey({ name: 'none' }),
      callers.setCallerDisabled({ name: 'none' }),
      callers.deleteCaller({ name: 'none' }),
    ];
    const reasons = await Promise.all(refused.map(reasonOf));
    expect(reasons).toEqual(refused.map(() => 'CREDENTIAL_MISSING'));
  });
});

describe('a service caller with an API key', () => {
  test.each(ALL.map((permission) => [Permission[permission], permission] as const))(
    'may do what %s lets it, and nothing beyond',
    async (name, permission) => {
      const everyTenant = permission === KEYS ? ['*'] : ['acme'];
      const key = await keyOf(`only-${name.toLowerCase()}`, [permission], everyTenant);
      const tokens = server.client(TokenService, key);
      const device = newDevice();
      const { tenantId, userId } = device;
      const { accessToken, refreshToken } = await issued(admin, device);
      const calls = [
        [REFRESH, () => tokens.refresh({ refreshToken })],
        [VALIDATE, () => tokens.validate({ subject: { case: 'token', value: accessToken } })],
        [VALIDATE, () => tokens.batchValidate({ items: [{}] })],
        [LIST, () => tokens.listSessions({ tenantId, userId })],
        [LIST, () => tokens.getSession({ device })],
        [REVOKE, () => tokens.revoke({ subject: { case: 'token', value: accessToken } })],
        [REVOKE, () => tokens.revokeUser({ tenantId, userId })],
        [REVOKE, () => tokens.revokeTenant({ tenantId })],
        [ISSUE, () => tokens.issue({ device })],
        [KEYS, () => server.client(KeyService, key).listKeys({})],
        [CALLERS, () => server.client(CallerService, key).listCallers({})],
      ] as const;
      for (const [needed, call] of calls) {
        if (needed === permission) await call();
        else expect(await failureOf(call())).toMatchObject({ reason: 'PERMISSION_DENIED' });
      }
    },
  );

  test('reaches its own tenants only, also by a token that is presented', async () => {
    const foreign = newDevice({ tenantId: 'foreign' });
    const { accessToken, refreshToken, tokenId, sessionId } = await issued(admin, foreign);
    const tokens = server.client(
      TokenService,
      await keyOf('acme-only', [ISSUE, REFRESH, VALIDATE, REVOKE, LIST]),
    );
    const { tenantId, userId } = foreign;
    const subject = { case: 'token', value: accessToken } as const;
    const denied = [
      tokens.issue({ device: foreign }),
      tokens.refresh({ refreshToken }),
      tokens.validate({ subject }),
      tokens.validate({ subject: { case: 'ids', value: { ...foreign, tokenId } } }),
      tokens.revoke({ subject }),
      tokens.revoke({ subject: { case: 'token', value: refreshToken } }),
      tokens.revoke({ subject: { case: 'device', value: foreign } }),
      tokens.revoke({ subject: { case: 'session', value: { device: foreign, sessionId } } }),
      tokens.revokeUser({ tenantId, userId }),
      tokens.revokeTenant({ tenantId }),
      tokens.listSessions({ tenantId, userId }),
      tokens.getSession({ device: foreign }),
      tokens.getSession({ device: newDevice({ tenantId: 'no-such-tenant' }) }),
    ];
    const reasons = await Promise.all(denied.map(reasonOf));
    expect(reasons).toEqual(denied.map(() => 'PERMISSION_DENIED'));
    const { results } = await tokens.batchValidate({
      items: [{ subject }, { subject: { case: 'token', value: 'nonsense' } }],
    });
    expect(results.map(({ result }) => result.case)).toEqual(['error', 'response']);
    expect(await verdictOf(admin, accessToken)).toBe('ACTIVE');
  });

  test('is refused once it is disabled, and served once it is enabled again', async () => {
    const callers = server.client(CallerService);
    const key = await keyOf('disabled-later', [ISSUE]);
    const tokens = server.client(TokenService, key);
    await issued(tokens, newDevice());
    await callers.setCallerDisabled({ name: 'disabled-later', disabled: true });
    const attempt = () =>
      tokens.issue({ device: newDevice() }).then(
        () => 'OK',
        (error) => reasonOf(Promise.reject(error)),
      );
    await expect.poll(attempt, { timeout: 10_000 }).toBe('CREDENTIAL_INVALID');
    await callers.setCallerDisabled({ name: 'disabled-later', disabled: false });
    await expect.poll(attempt, { timeout: 10_000 }).toBe('OK');
    await callers.deleteCaller({ name: 'disabled-later' });
    await expect.poll(attempt, { timeout: 10_000 }).toBe('CREDENTIAL_INVALID');
  });

  test('has two keys for a while when its key is rotated, or one at once', async () => {
    const callers = server.client(CallerService);
    const first = await keyOf('rotated', [ISSUE]);
    const { apiKey: second } = await callers.rotateCallerKey({ name: 'rotated' });
    for (const key of [first, second]) await issued(server.client(TokenService, key), newDevice());
    const { apiKey: third } = await callers.rotateCallerKey({
      name: 'rotated',
      overlap: { seconds: 0n },
    });
    await issued(server.client(TokenService, third), newDevice());
    const stale = server.client(TokenService, second);
    const attempt = () => reasonOf(stale.issue({ device: newDevice() }));
    await expect.poll(attempt, { timeout: 10_000 }).toBe('CREDENTIAL_INVALID');
  });

  test('grants no more than it has', async () => {
    const callers = server.client(CallerService, await keyOf('granter', [CALLERS, ISSUE]));
    const grant = (permissions: Permission[], tenants: string[]) =>
      callers.createCaller({
        name: `granted-${permissions}-${tenants.length}`,
        permissions,
        tenants,
      });
    await grant([ISSUE], ['acme']);
    expect(await reasonOf(grant([REVOKE], ['acme']))).toBe('PERMISSION_DENIED');
    expect(await reasonOf(grant([ISSUE], ['other']))).toBe('PERMISSION_DENIED');
    expect(await reasonOf(grant([ISSUE], ['*']))).toBe('PERMISSION_DENIED');
    expect(await reasonOf(callers.rotateCallerKey({ name: 'acme-only' }))).not.toBeUndefined();
  });

  test.each([
    ['no scheme', 'KEY'],
    ['another scheme', 'Basic KEY'],
    ['an empty credential', 'Bearer '],
    ['a key with a changed end', 'Bearer KEYx'],
    ['a key of nobody', `Bearer sgn_aaaaaaaaaaaa_${'x'.repeat(43)}`],
  ])('is nobody with %s', async (_, text) => {
    const headers = { authorization: text.replace('KEY', server.adminKey) };
    const nobody = server.client(TokenService, null);
    expect(await reasonOf(nobody.issue({ device: newDevice() }, { headers }))).toBe(
      'CREDENTIAL_INVALID',
    );
  });
});
