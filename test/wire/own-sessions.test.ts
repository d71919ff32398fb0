import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  CallerService,
  KeyService,
  startTestServer,
  type TestServer,
  TokenService,
} from '../setup/server.ts';
import { reasonOf } from './failure.ts';
import { issued, newDevice, refreshed, type Tokens, verdictOf } from './issued.ts';

let server: TestServer;
let admin: Tokens;

beforeAll(async () => {
  server = await startTestServer();
  admin = server.client(TokenService);
});
afterAll(() => server.close());

/** A user with two devices, and a client that calls with the first one's access token. */
async function newUser() {
  const phone = newDevice();
  const laptop = { ...phone, deviceId: 'laptop' };
  const pair = await issued(admin, phone);
  const other = await issued(admin, laptop);
  const { tenantId, userId } = phone;
  return {
    tenantId,
    userId,
    phone,
    laptop,
    pair,
    other,
    self: server.client(TokenService, pair.accessToken),
  };
}

describe('a user with an access token', () => {
  test('sees their own devices', async () => {
    const { self, tenantId, userId, laptop } = await newUser();
    const { sessions } = await self.listSessions({ tenantId, userId });
    expect(sessions).toHaveLength(2);
    const { session } = await self.getSession({ device: laptop });
    expect(session?.device).toMatchObject(laptop);
  });

  test('logs one of their own devices out, or all others', async () => {
    const { self, tenantId, userId, phone, laptop, pair, other } = await newUser();
    await self.revoke({ subject: { case: 'device', value: laptop } });
    expect(await verdictOf(admin, other.accessToken)).toBe('REVOKED');
    const again = await issued(admin, laptop);
    const answer = await self.revokeUser({ tenantId, userId, exceptDeviceId: phone.deviceId });
    expect(answer.revokedCount).toBe(1);
    expect(await verdictOf(admin, again.accessToken)).toBe('REVOKED');
    expect(await verdictOf(admin, pair.accessToken)).toBe('ACTIVE');
  });

  test('logs themselves out, after which the token is no credential', async () => {
    const { self, tenantId, userId } = await newUser();
    expect((await self.revokeUser({ tenantId, userId })).revokedCount).toBe(2);
    expect(await reasonOf(self.listSessions({ tenantId, userId }))).toBe('CREDENTIAL_INVALID');
  });

  test('reaches no other user, and no other tenant’s user of the same name', async () => {
    const { self, userId, tenantId } = await newUser();
    const stranger = await newUser();
    const namesake = newDevice({ tenantId: 'other', userId });
    const { tokenId, sessionId } = await issued(admin, namesake);
    const denied = [
      self.listSessions({ tenantId: stranger.tenantId, userId: stranger.userId }),
      self.listSessions({ tenantId: 'other', userId }),
      self.getSession({ device: namesake }),
      self.getSession({ device: stranger.phone }),
      self.getSession({ device: { ...newDevice(), tenantId, userId: 'nobody' } }),
      self.revoke({ subject: { case: 'device', value: stranger.phone } }),
      self.revoke({ subject: { case: 'ids', value: { ...namesake, tokenId } } }),
      self.revoke({ subject: { case: 'session', value: { device: namesake, sessionId } } }),
      self.revokeUser({ tenantId: stranger.tenantId, userId: stranger.userId }),
    ];
    const reasons = await Promise.all(denied.map(reasonOf));
    expect(reasons).toEqual(denied.map(() => 'PERMISSION_DENIED'));
    expect(await verdictOf(admin, stranger.pair.accessToken)).toBe('ACTIVE');
  });

  test('does nothing that is for services only', async () => {
    const { self, pair, tenantId, phone } = await newUser();
    const keys = server.client(KeyService, pair.accessToken);
    const callers = server.client(CallerService, pair.accessToken);
    const denied = [
      self.issue({ device: phone }),
      self.validate({ subject: { case: 'token', value: pair.accessToken } }),
      self.batchValidate({ items: [{}] }),
      self.revokeTenant({ tenantId }),
      keys.listKeys({}),
      keys.rotateKey({}),
      keys.revokeKey({ keyId: 'x' }),
      callers.listCallers({}),
      callers.createCaller({ name: 'x', permissions: [1], tenants: [tenantId] }),
      callers.deleteCaller({ name: 'x' }),
    ];
    const reasons = await Promise.all(denied.map(reasonOf));
    expect(reasons).toEqual(denied.map(() => 'PERMISSION_DENIED'));
  });

  test('cannot call with a refresh token', async () => {
    const { pair, tenantId, userId } = await newUser();
    const self = server.client(TokenService, pair.refreshToken);
    expect(await reasonOf(self.listSessions({ tenantId, userId }))).toBe('CREDENTIAL_INVALID');
  });
});

describe('an app on a bad day', () => {
  const brief = { accessLifetime: { seconds: 1n } };

  test('logs out with an access token that has expired', async () => {
    const device = newDevice();
    const { accessToken, refreshToken } = await issued(admin, device, brief);
    await expect.poll(() => verdictOf(admin, accessToken), { timeout: 10_000 }).toBe('EXPIRED');
    const app = server.client(TokenService, null);
    const answer = await app.revoke({ subject: { case: 'token', value: accessToken } });
    expect(answer.revokedCount).toBe(1);
    expect(await reasonOf(app.refresh({ refreshToken }))).toBe('SESSION_REVOKED');
  });

  test('refreshes and logs out while it still sends its expired access token along', async () => {
    const { accessToken, refreshToken } = await issued(admin, newDevice(), brief);
    await expect.poll(() => verdictOf(admin, accessToken), { timeout: 10_000 }).toBe('EXPIRED');
    const app = server.client(TokenService, accessToken);
    const next = await refreshed(app, refreshToken);
    const out = await app.revoke({ subject: { case: 'token', value: next.refreshToken } });
    expect(out.revokedCount).toBe(1);
  });

  test('logs out with a token that a refresh has replaced', async () => {
    const { accessToken, refreshToken } = await issued(admin, newDevice());
    const next = await refreshed(admin, refreshToken);
    const app = server.client(TokenService, null);
    await app.revoke({ subject: { case: 'token', value: accessToken } });
    expect(await verdictOf(admin, next.accessToken)).toBe('REVOKED');
  });

  test('does not log its successor out with a token that was superseded', async () => {
    const device = newDevice();
    const old = await issued(admin, device);
    const successor = await issued(admin, device);
    const app = server.client(TokenService, null);
    const answer = await app.revoke({ subject: { case: 'token', value: old.accessToken } });
    expect(answer.revokedCount).toBe(0);
    expect(await verdictOf(admin, successor.accessToken)).toBe('ACTIVE');
  });

  test('gets the same successor again when an answer is lost', async () => {
    const { refreshToken } = await issued(admin, newDevice());
    const app = server.client(TokenService, null);
    const first = await app.refresh({ refreshToken });
    const second = await app.refresh({ refreshToken });
    expect([first.replayed, second.replayed]).toEqual([false, true]);
    expect(second.tokens?.tokenId).toBe(first.tokens?.tokenId);
    expect(second.tokens?.accessExpireTime).toEqual(first.tokens?.accessExpireTime);
    // Either of the two answers can be refreshed: they are one generation.
    expect((await app.refresh({ refreshToken: second.tokens?.refreshToken ?? '' })).replayed).toBe(
      false,
    );
  });
});
