import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { CallerService, Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { KeyService, KeyState } from '@signum/contract/signum/v1/key_service_pb.js';
import { RevocationReason } from '@signum/contract/signum/v1/token_pb.js';
import { TokenService, Verdict } from '@signum/contract/signum/v1/token_service_pb.js';
import { expect, test } from 'vitest';
import { invoke } from '../../test/listeners/invoke.ts';
import { createTestRpc } from '../../test/listeners/test-rpc.ts';

const device = { tenantId: 'acme', userId: 'u1', deviceId: 'phone' };
const { issue, validate, listSessions } = TokenService.method;

const reason = (reason: string, metadata = {}) =>
  expect.objectContaining({ reason, metadata: expect.objectContaining(metadata) });

const as = 'acme';

test.each([
  ['scopes[0]', { device, scopes: ['a b'] }],
  ['device.user_id', { device: { ...device, userId: 'line\nbreak' } }],
  ['device.device_id', { device: { ...device, deviceId: '\ud800' } }],
  ['device.device_id', { device: { ...device, deviceId: 'é'.repeat(129) } }],
  ['access_lifetime', { device, accessLifetime: durationFromMs(1_500) }],
  ['session_lifetime', { device, sessionLifetime: { seconds: 10n ** 17n, nanos: 0 } }],
  ['metadata', { device, metadata: { attributes: attributes(16) } }],
  ['metadata.ip', { device, metadata: { ip: '1.2.3' } }],
  ['request_id', { device, requestId: 'x' }],
])('a broken %s is named', async (field, input) => {
  const answer = invoke(createTestRpc(), issue, input as never, { as });
  await expect(answer).rejects.toEqual(reason('INVALID_FIELD', { field }));
});

test('a UUID in any other spelling is refused', async () => {
  const tokenId = '0190A0B0-0000-7000-8000-000000000000';
  const subject = { case: 'ids', value: { ...device, tokenId } } as const;
  const answer = invoke(createTestRpc(), validate, { subject }, { as });
  await expect(answer).rejects.toEqual(reason('INVALID_FIELD', { field: 'ids.token_id' }));
});

test('Issue hands everything on to the use-case', async () => {
  const test = createTestRpc();
  const metadata = { ip: '2001:db8::1', userAgent: 'app', attributes: { a: 'b' } };
  const claims = { role: 'admin', nested: { n: 1 } };
  const input = { device, scopes: ['read'], claims, metadata, policy: 2 };
  await invoke(test, issue, { ...input, accessLifetime: durationFromMs(60_000) }, { as });
  expect(test.tokens.calls[0]?.input).toEqual({
    device,
    scopes: ['read'],
    audiences: [],
    claims,
    metadata,
    lifetimes: { accessMs: 60_000, refreshMs: undefined, sessionMs: undefined },
    policy: 'DENY_NEW',
    requestId: undefined,
    proof: undefined,
  });
});

test('Validate tells everything about an active token', async () => {
  const test = createTestRpc();
  const issued = await invoke(test, issue, { device, scopes: ['read'], claims: { n: 1 } }, { as });
  const value = issued.tokens?.accessToken ?? '';
  const answer = await invoke(test, validate, { subject: { case: 'token', value } }, { as });
  expect(answer).toMatchObject({
    active: true,
    verdict: Verdict.ACTIVE,
    token: { ...device, tokenId: issued.tokens?.tokenId },
    sessionId: issued.tokens?.sessionId,
    scopes: ['read'],
    claims: { n: 1 },
    expireTime: issued.tokens?.accessExpireTime,
    revocationReason: RevocationReason.UNSPECIFIED,
  });
});

test('pages of sessions follow each other to the end', async () => {
  const test = createTestRpc();
  for (const deviceId of ['c', 'a', 'b']) {
    await invoke(test, issue, { device: { ...device, deviceId } }, { as });
  }
  const list = { tenantId: 'acme', userId: 'u1', pageSize: 2 };
  const first = await invoke(test, listSessions, list, { as });
  const pageToken = first.nextPageToken;
  const second = await invoke(test, listSessions, { ...list, pageToken }, { as });
  const ids = [first, second].map(({ sessions }) => sessions.map((s) => s.device?.deviceId));
  expect(ids).toEqual([['a', 'b'], ['c']]);
  expect([second.nextPageToken, second.totalSize]).toEqual(['', 3]);
});

test('pages of callers follow each other to the end', async () => {
  const test = createTestRpc();
  const { createCaller, listCallers } = CallerService.method;
  for (const name of ['c', 'a', 'b']) {
    const input = { name, permissions: [Permission.VALIDATE], tenants: ['acme'] };
    const { apiKey } = await invoke(test, createCaller, input, { as });
    expect(apiKey).toBe('sgn_abc_secret');
  }
  const first = await invoke(test, listCallers, { pageSize: 2 }, { as });
  const second = await invoke(test, listCallers, { pageToken: first.nextPageToken }, { as });
  const names = [first, second].map(({ callers }) => callers.map((caller) => caller.name));
  expect(names).toEqual([['a', 'b'], ['c']]);
  expect(first.callers[0]).toMatchObject({
    permissions: [Permission.VALIDATE],
    keys: [{ keyId: 'abc' }],
  });
});

test('RevokeKey raises the watermarks before the key leaves the ring', async () => {
  const test = createTestRpc();
  const { revokeKey, rotateKey } = KeyService.method;
  const unknown = invoke(test, revokeKey, { keyId: 'nope' }, { as: 'admin' });
  await expect(unknown).rejects.toEqual(reason('KEY_NOT_FOUND'));
  expect(test.tokens.calls).toEqual([]);
  const { key } = await invoke(test, rotateKey, {}, { as: 'admin' });
  expect(key?.state).toBe(KeyState.PENDING);
  const answer = await invoke(test, revokeKey, { keyId: 'k1' }, { as: 'admin' });
  expect(answer).toMatchObject({ partitions: 64, key: { state: KeyState.REVOKED } });
});

function attributes(count: number): Record<string, string> {
  const value = 'x'.repeat(256);
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`key-${i}`, value]));
}
