import type { DescService } from '@bufbuild/protobuf';
import { createClient } from '@connectrpc/connect';
import { Authorization } from '@signum/contract/envoy/service/auth/v3/external_auth_pb.js';
import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { Fence } from '@signum/contract/signum/v1/token_pb.js';
import type { DeviceRef } from '@signum/token';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
  CallerService,
  KeyService,
  startTestServer,
  type TestServer,
  TokenService,
} from '../setup/server.ts';
import { newTrail } from './audit-trail.ts';
import { httpsRequest } from './https-request.ts';
import { issued, newDevice } from './issued.ts';
import { transportOf } from './protocols.ts';

const trail = newTrail();
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({
    SIGNUM_AUDIT: trail.file,
    // A server that has just started trusts no table of leases, for as long as both together.
    SIGNUM_EDGE_LEASE: '30s',
    SIGNUM_REDIS_FAILOVER_WINDOW: '60s',
  });
});
afterAll(async () => {
  await server?.close();
  trail.remove();
});

const failed = (method: string, call: () => Promise<unknown>) =>
  call().then(
    () => {
      throw new Error(`${method} succeeded`);
    },
    () => undefined,
  );

const linesOf = (action: () => Promise<unknown>) =>
  trail.linesOf(server.client(TokenService), action);

test('a change that a caller may not make is told as denied', async () => {
  const callers = server.client(CallerService);
  let apiKey = '';
  await linesOf(async () => {
    ({ apiKey } = await callers.createCaller({
      name: 'validator',
      permissions: [Permission.VALIDATE],
      tenants: ['acme'],
    }));
  });
  const tokens = server.client(TokenService, apiKey);
  await vi.waitFor(() => tokens.batchValidate({ items: [{}] }), { timeout: 15_000 });
  const refused = () => expect(tokens.revokeTenant({ tenantId: 'acme' })).rejects.toThrow();
  expect(await linesOf(refused)).toEqual([
    expect.objectContaining({
      event: 'revoke_tenant',
      outcome: 'denied',
      caller: 'validator',
      method: 'signum.v1.TokenService/RevokeTenant',
      reason: 'PERMISSION_DENIED',
      request_id: expect.any(String),
    }),
  ]);
});

test('a call that a caller may not make is told as denied, whichever it is and whatever the door', async () => {
  const { apiKey } = await server.client(CallerService).createCaller({
    name: 'issuer',
    permissions: [Permission.ISSUE],
    tenants: ['acme'],
  });
  const as = <S extends DescService>(service: S, credential: string | null) =>
    server.client(service, credential);
  const device = newDevice();
  const { accessToken } = await issued(server.client(TokenService), device);
  const subject = { case: 'token', value: accessToken } as const;
  const http = async (path: string, body?: string) => {
    const headers = { 'x-signum-key': apiKey, authorization: `Bearer ${accessToken}` };
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const { status } = await (body === undefined
      ? httpsRequest(server, path, { headers })
      : httpsRequest(server, path, {
          method: 'POST',
          headers: { ...form, authorization: `Bearer ${apiKey}` },
          body,
        }));
    if (status >= 400) throw new Error(`${path} answered ${status}`);
  };
  const tokens = as(TokenService, apiKey);
  const keys = as(KeyService, apiKey);
  const callers = as(CallerService, apiKey);
  const check = createClient(
    Authorization,
    transportOf(server, 'gRPC on the public listener', null),
  );
  const denied: readonly (readonly [string, string, () => Promise<unknown>])[] = [
    ['call', 'signum.v1.TokenService/Validate', () => tokens.validate({ subject })],
    ['call', 'signum.v1.TokenService/BatchValidate', () => tokens.batchValidate({ items: [{}] })],
    ['call', 'signum.v1.TokenService/ListSessions', () => tokens.listSessions(device)],
    ['call', 'signum.v1.TokenService/GetSession', () => tokens.getSession({ device })],
    ['revoke', 'signum.v1.TokenService/Revoke', () => tokens.revoke({ subject })],
    ['revoke_user', 'signum.v1.TokenService/RevokeUser', () => tokens.revokeUser(device)],
    ['issue', 'signum.v1.TokenService/Issue', () => issued(tokens, { ...device, tenantId: 'b' })],
    ['call', 'signum.v1.KeyService/ListKeys', () => keys.listKeys({})],
    ['key_rotate', 'signum.v1.KeyService/RotateKey', () => keys.rotateKey({})],
    ['key_revoke', 'signum.v1.KeyService/RevokeKey', () => keys.revokeKey({ keyId: 'k' })],
    ['caller_create', 'signum.v1.CallerService/CreateCaller', () => callers.createCaller({})],
    ['caller_delete', 'signum.v1.CallerService/DeleteCaller', () => callers.deleteCaller({})],
    ['call', 'signum.v1.CallerService/ListCallers', () => callers.listCallers({})],
    [
      'call',
      'signum.v1.CallerService/SetCallerDisabled',
      () => callers.setCallerDisabled({ name: 'issuer' }),
    ],
    [
      'call',
      'envoy.service.auth.v3.Authorization/Check',
      () =>
        check.check(
          { attributes: { request: { http: { headers: { authorization: 'Bearer x' } } } } },
          { headers: { 'x-signum-key': apiKey } },
        ),
    ],
    ['call', 'authz', () => http('/authz')],
    ['call', 'oauth/introspect', () => http('/oauth2/introspect', `token=${accessToken}`)],
    ['revoke', 'oauth/revoke', () => http('/oauth2/revoke', `token=${accessToken}`)],
    [
      'refresh',
      'oauth/token',
      () => http('/oauth2/token', 'grant_type=refresh_token&refresh_token=x'),
    ],
  ];
  for (const [event, method, call] of denied) {
    const lines = await linesOf(() => failed(method, call));
    const about = { outcome: 'denied', caller: 'issuer', reason: 'PERMISSION_DENIED' };
    expect(lines, method).toEqual([expect.objectContaining({ event, method, ...about })]);
  }
});

test('an item of a batch that the caller may not ask about is told as denied', async () => {
  const { apiKey } = await server.client(CallerService).createCaller({
    name: 'batcher',
    permissions: [Permission.VALIDATE],
    tenants: ['acme'],
  });
  const tokens = server.client(TokenService, apiKey);
  const ids = { tenantId: 'umbrella', userId: 'u', deviceId: 'd', tokenId: crypto.randomUUID() };
  const items = Array.from({ length: 5 }, () => ({
    subject: { case: 'ids', value: ids } as const,
  }));
  const lines = await linesOf(() => tokens.batchValidate({ items }));
  expect(lines).toEqual([
    expect.objectContaining({
      ...{ event: 'call', outcome: 'denied', caller: 'batcher', reason: 'PERMISSION_DENIED' },
      method: 'signum.v1.TokenService/BatchValidate',
    }),
  ]);
});

test('a call that has failed says whom it was about, if that is known', async () => {
  const tokens = server.client(TokenService);
  const device = newDevice();
  const who = { tenant_id: device.tenantId, user_id: device.userId };
  const { accessToken, refreshToken } = await issued(tokens, device);
  await tokens.revoke({ subject: { case: 'device', value: device } });
  const nobody = server.client(TokenService, null);
  const callers = server.client(CallerService);
  const keys = server.client(KeyService);
  const cases: readonly (readonly [object, () => Promise<unknown>])[] = [
    [who, () => issued(tokens, device, { audiences: ['nobody'] })],
    [{ ...who, reason: 'SESSION_REVOKED' }, () => nobody.refresh({ refreshToken })],
    [{ reason: 'KEY_NOT_FOUND', key_id: 'gone' }, () => keys.revokeKey({ keyId: 'gone' })],
    [
      { reason: 'CALLER_NOT_FOUND', target: 'gone' },
      () => callers.rotateCallerKey({ name: 'gone' }),
    ],
    [
      { reason: 'CALLER_NOT_FOUND', target: 'gone', event: 'call' },
      () => callers.setCallerDisabled({ name: 'gone', disabled: true }),
    ],
    [
      { reason: 'PERMISSION_DENIED', outcome: 'denied', tenant_id: 'acme' },
      async () => {
        const own = await issued(tokens, newDevice());
        return server.client(TokenService, own.accessToken).revokeUser({
          ...{ tenantId: 'acme', userId: 'somebody-else' },
        });
      },
    ],
  ];
  for (const [expected, call] of cases) {
    const lines = await linesOf(() => expect(call()).rejects.toThrow());
    const line = lines.find(({ outcome }) => outcome !== 'ok');
    expect(line).toMatchObject({ outcome: 'failed', ...expected });
    expect(line).not.toHaveProperty('applied');
  }
  // What a stranger says is not believed.
  const forged = await linesOf(() =>
    expect(nobody.issue({ device: newDevice({ tenantId: 'named' }) })).rejects.toThrow(),
  );
  expect(JSON.stringify(forged)).not.toContain('named');
  expect(accessToken).not.toBe('');
});

test('a change that comes to nothing is told as failed', async () => {
  const tokens = server.client(TokenService);
  const refused = () =>
    expect(tokens.issue({ device: newDevice(), audiences: ['nobody'] })).rejects.toThrow();
  const [line] = await linesOf(refused);
  expect(line).toMatchObject({ event: 'issue', outcome: 'failed', reason: 'INVALID_FIELD' });
});

test('a revocation whose durability is not confirmed is told, with whom it was about', async () => {
  const tokens = server.client(TokenService);
  const device = newDevice();
  await linesOf(() => issued(tokens, device));
  const durability = { replicas: 16, fsync: false };
  const { tenantId, userId } = device;
  for (const [event, call] of [
    ['revoke', () => tokens.revoke({ subject: { case: 'device', value: device }, durability })],
    ['revoke_user', () => tokens.revokeUser({ tenantId, userId, durability })],
    ['revoke_tenant', () => tokens.revokeTenant({ tenantId, durability })],
  ] as const) {
    const lines = await linesOf(() => expect(call()).rejects.toThrow());
    const [line, ...rest] = lines.filter(({ outcome }) => outcome === 'failed');
    expect(rest).toEqual([]);
    expect(line).toMatchObject({
      event,
      outcome: 'failed',
      reason: 'DURABILITY_UNCONFIRMED',
      applied: true,
      tenant_id: tenantId,
      ...(event !== 'revoke_tenant' && { user_id: userId }),
    });
  }
});

test('a revocation that not every edge has confirmed has one line, which says that it stands', async () => {
  const tokens = server.client(TokenService);
  const fence = Fence.EDGES;
  const timeoutMs = 1_000;
  // No lease has been taken, but the server does not know that yet, and waits.
  for (const [event, call] of [
    [
      'revoke',
      (device: DeviceRef) =>
        tokens.revoke({ subject: { case: 'device', value: device }, fence }, { timeoutMs }),
    ],
    ['revoke_user', (device: DeviceRef) => tokens.revokeUser({ ...device, fence }, { timeoutMs })],
    [
      'revoke_tenant',
      ({ tenantId }: DeviceRef) => tokens.revokeTenant({ tenantId, fence }, { timeoutMs }),
    ],
  ] as const) {
    const device = newDevice();
    await linesOf(() => issued(tokens, device));
    const lines = await linesOf(() => expect(call(device)).rejects.toThrow());
    expect(lines).toEqual([
      expect.objectContaining({
        ...{ event, outcome: 'failed', applied: true, reason: 'EDGES_UNCONFIRMED' },
        tenant_id: device.tenantId,
      }),
    ]);
  }
});
