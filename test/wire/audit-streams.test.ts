import type { DescService } from '@bufbuild/protobuf';
import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { FeedService } from '@signum/contract/signum/v1/feed_service_pb.js';
import { decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  CallerService,
  KeyService,
  startTestServer,
  type TestServer,
  TokenService,
} from '../setup/server.ts';
import { watchFeed } from '../setup/test-edge.ts';
import { until } from '../setup/until.ts';
import { newTrail } from './audit-trail.ts';
import { reasonOf } from './failure.ts';
import { issued, newDevice, verdictOf } from './issued.ts';

const trail = newTrail();
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ SIGNUM_AUDIT: trail.file, SIGNUM_CALLER_REFRESH: '100ms' });
});
afterAll(async () => {
  await server?.close();
  trail.remove();
});

const linesOf = (action: () => Promise<unknown>) =>
  trail.linesOf(server.client(TokenService), action);

/** A client of a caller of the tenant acme with one permission. */
async function as<S extends DescService>(name: string, permission: Permission, service: S) {
  const created = await server
    .client(CallerService)
    .createCaller({ name, permissions: [permission], tenants: ['acme'] });
  return { client: server.client(service, created.apiKey), apiKey: created.apiKey };
}

async function allOf<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const each of stream) all.push(each);
  return all;
}

async function* once<T>(message: T): AsyncGenerator<T> {
  yield message;
}

const denied = (caller: string, method: string, reason = 'PERMISSION_DENIED') =>
  expect.objectContaining({ event: 'call', outcome: 'denied', caller, method, reason });

test('of ValidateStream those messages are told that the caller may not send, and nothing else', async () => {
  const method = 'signum.v1.TokenService/ValidateStream';
  const { client } = await as('streamer', Permission.VALIDATE, TokenService);
  const { accessToken } = await issued(server.client(TokenService), newDevice());
  const of = (value: string) => ({ subject: { case: 'token', value } as const });
  const ids = { tenantId: 'umbrella', userId: 'u', deviceId: 'd', tokenId: crypto.randomUUID() };
  const foreign = { subject: { case: 'ids', value: ids } as const };
  const ask = (items: readonly object[]) =>
    linesOf(() => allOf(client.validateStream(once({ items: [...items] }))));
  expect(await ask([of(accessToken), of('rubbish'), {}])).toEqual([]);
  expect(await ask([of(accessToken), foreign, foreign])).toEqual([denied('streamer', method)]);
  const { client: issuer } = await as('no-streamer', Permission.ISSUE, TokenService);
  const refused = () => expect(allOf(issuer.validateStream(once({ items: [] })))).rejects.toThrow();
  expect(await linesOf(refused)).toEqual([denied('no-streamer', method)]);
});

test('of Watch that is told that the caller may not follow, or may no longer, and nothing else', async () => {
  const method = 'signum.v1.FeedService/Watch';
  const { client, apiKey } = await as('watcher', Permission.WATCH, FeedService);
  const start = (tenantIds: string[]) => ({
    request: { case: 'start', value: { tenantIds } } as const,
  });
  const watch = (feed: typeof client, tenantIds: string[]) =>
    linesOf(() => expect(allOf(feed.watch(once(start(tenantIds))))).rejects.toThrow());
  expect(await watch(client, ['umbrella'])).toEqual([denied('watcher', method)]);
  expect(await watch(client, [''])).toEqual([]);
  const { client: other } = await as('no-watcher', Permission.VALIDATE, FeedService);
  expect(await watch(other, ['acme'])).toEqual([denied('no-watcher', method)]);

  const watcher = watchFeed(server, { tenantIds: ['acme'] }, { credential: apiKey });
  const begins = () => until('it follows', () => watcher.parts.length > 0);
  expect(await linesOf(begins)).toEqual([]);
  const lines = await linesOf(async () => {
    await server.client(CallerService).setCallerDisabled({ name: 'watcher', disabled: true });
    await until('it has ended', () => watcher.end !== undefined);
  });
  expect(lines).toEqual([
    expect.objectContaining({ event: 'caller_disable', outcome: 'ok' }),
    denied('watcher', method, 'CREDENTIAL_INVALID'),
  ]);
  await watcher.close();
});

test('of WatchSession that is told that the caller may not follow, and nothing else', async () => {
  const method = 'signum.v1.TokenService/WatchSession';
  const tokens = server.client(TokenService);
  const device = newDevice();
  const { refreshToken } = await issued(tokens, device);
  const { refreshToken: foreign } = await issued(tokens, newDevice({ tenantId: 'umbrella' }));
  const watch = (client: typeof tokens, refreshToken: string) =>
    linesOf(() => expect(allOf(client.watchSession({ refreshToken }))).rejects.toThrow());
  const { client } = await as('session-watcher', Permission.WATCH, TokenService);
  expect(await watch(client, foreign)).toEqual([denied('session-watcher', method)]);
  expect(await watch(client, 'rubbish')).toEqual([]);
  const { client: other } = await as('no-session-watcher', Permission.ISSUE, TokenService);
  expect(await watch(other, refreshToken)).toEqual([denied('no-session-watcher', method)]);
  expect(await watch(server.client(TokenService, null), '')).toEqual([
    denied('anonymous', method, 'CREDENTIAL_MISSING'),
  ]);
  const ended = await linesOf(async () => {
    const told = allOf(server.client(TokenService, null).watchSession({ refreshToken }));
    await tokens.revoke({ subject: { case: 'device', value: device } });
    await told;
  });
  expect(ended).toEqual([expect.objectContaining({ event: 'revoke', outcome: 'ok' })]);
});

test('a tenant that the caller may not revoke is told with its name', async () => {
  const { client } = await as('tenant-revoker', Permission.REVOKE, TokenService);
  const about = { event: 'revoke_tenant', caller: 'tenant-revoker' };
  const refused = () => reasonOf(client.revokeTenant({ tenantId: 'umbrella' }));
  expect(await linesOf(refused)).toEqual([
    expect.objectContaining({
      ...{ ...about, outcome: 'denied', reason: 'PERMISSION_DENIED', tenant_id: 'umbrella' },
      method: 'signum.v1.TokenService/RevokeTenant',
    }),
  ]);
  const durability = { replicas: 17, fsync: false };
  const failed = () => reasonOf(client.revokeTenant({ tenantId: 'acme', durability }));
  expect(await linesOf(failed)).toEqual([
    expect.objectContaining({ ...about, outcome: 'failed', reason: 'INVALID_FIELD' }),
  ]);
  const [done, ...others] = await linesOf(() => client.revokeTenant({ tenantId: 'acme' }));
  expect([done, others]).toEqual([
    expect.objectContaining({ ...about, outcome: 'ok', tenant_id: 'acme' }),
    [],
  ]);
  expect(done).not.toHaveProperty('method');
});

test('a new key of a caller is told whether it was given, refused or failed', async () => {
  const method = 'signum.v1.CallerService/RotateCallerKey';
  const callers = server.client(CallerService);
  await callers.createCaller({ name: 'big', permissions: [Permission.REVOKE], tenants: ['*'] });
  const rotate = (client: typeof callers, name: string) =>
    linesOf(() => reasonOf(client.rotateCallerKey({ name })));
  const line = (caller: string, outcome: string, more: object) =>
    expect.objectContaining({ event: 'caller_rotate_key', caller, outcome, ...more });
  expect(await linesOf(() => callers.rotateCallerKey({ name: 'big' }))).toEqual([
    line('admin', 'ok', { target: 'big' }),
  ]);
  const { client: none } = await as('no-manager', Permission.ISSUE, CallerService);
  expect(await rotate(none, 'big')).toEqual([
    line('no-manager', 'denied', { method, reason: 'PERMISSION_DENIED' }),
  ]);
  const { client: small } = await as('manager', Permission.CALLERS, CallerService);
  expect(await rotate(small, 'big')).toEqual([
    line('manager', 'denied', { method, reason: 'PERMISSION_DENIED', target: 'big' }),
  ]);
  expect(await rotate(callers, 'nobody')).toEqual([
    line('admin', 'failed', { method, reason: 'CALLER_NOT_FOUND', target: 'nobody' }),
  ]);
  expect(await rotate(callers, '')).toEqual([
    line('admin', 'failed', { method, reason: 'INVALID_FIELD' }),
  ]);
});

test('a key whose revocation no replica has confirmed is out all the same, and told', async () => {
  const tokens = server.client(TokenService);
  const keys = server.client(KeyService);
  const { accessToken } = await issued(tokens, newDevice());
  const keyId = decodeProtectedHeader(accessToken).kid ?? '';
  const durability = { replicas: 16, fsync: false };
  const revoke = async () =>
    expect(await reasonOf(keys.revokeKey({ keyId, durability }))).toBe('DURABILITY_UNCONFIRMED');
  expect(await linesOf(revoke)).toEqual([
    expect.objectContaining({
      ...{ event: 'key_revoke', outcome: 'failed', applied: true, key_id: keyId },
      ...{ reason: 'DURABILITY_UNCONFIRMED', method: 'signum.v1.KeyService/RevokeKey' },
    }),
  ]);
  const { jwksJson } = await keys.getJwks({});
  expect(jwksJson).not.toContain(keyId);
  expect(await verdictOf(tokens, accessToken)).not.toBe('ACTIVE');
  const next = await issued(tokens, newDevice());
  expect(decodeProtectedHeader(next.accessToken).kid).not.toBe(keyId);
  expect(await verdictOf(tokens, next.accessToken)).toBe('ACTIVE');
});
