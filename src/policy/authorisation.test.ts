import type { DescMethodUnary } from '@bufbuild/protobuf';
import { CallerService } from '@signum/contract/signum/v1/caller_service_pb.js';
import { KeyService } from '@signum/contract/signum/v1/key_service_pb.js';
import { TokenService } from '@signum/contract/signum/v1/token_service_pb.js';
import { expect, test } from 'vitest';
import { invoke } from '../../test/listeners/invoke.ts';
import { createTestRpc } from '../../test/listeners/test-rpc.ts';

const device = { tenantId: 'acme', userId: 'u1', deviceId: 'phone' };
const { issue, refresh, validate, revoke, revokeUser, listSessions, getSession } =
  TokenService.method;

const reason = (reason: string, metadata = {}) =>
  expect.objectContaining({ reason, metadata: expect.objectContaining(metadata) });

test.each([
  ['issue', issue, { device }],
  ['validate', validate, { subject: { case: 'token' as const, value: 'x' } }],
  ['revoke by ids', revoke, { subject: { case: 'device' as const, value: device } }],
  ['list', listSessions, { tenantId: 'acme', userId: 'u1' }],
  ['keys', KeyService.method.listKeys, {}],
  ['callers', CallerService.method.listCallers, {}],
])('nobody may not %s', async (_name, method, input) => {
  const test = createTestRpc();
  const answer = invoke(test, method as DescMethodUnary, input as never);
  await expect(answer).rejects.toEqual(reason('CREDENTIAL_MISSING'));
  expect(test.tokens.calls).toEqual([]);
});

test('a service caller may not act in a tenant that is not its own, whatever exists there', async () => {
  const test = createTestRpc();
  const input = { device: { ...device, tenantId: 'other' } };
  const denied = reason('PERMISSION_DENIED');
  await expect(invoke(test, getSession, input, { as: 'acme' })).rejects.toEqual(denied);
  await expect(invoke(test, issue, input, { as: 'acme' })).rejects.toEqual(denied);
  expect(test.tokens.calls).toEqual([]);
});

test('permission is checked before the message, so that a stranger learns no rules', async () => {
  const test = createTestRpc();
  const input = { device: { ...device, deviceId: '' } };
  const denied = reason('PERMISSION_DENIED', { permission: 'issue' });
  await expect(invoke(test, issue, input, { as: 'validator' })).rejects.toEqual(denied);
});

test('a message without a tenant is refused for that, not for lack of permission', async () => {
  const test = createTestRpc();
  const answer = invoke(test, issue, {}, { as: 'acme' });
  await expect(answer).rejects.toEqual(reason('INVALID_FIELD', { field: 'device' }));
});

test('users list and revoke their own sessions and nobody else’s', async () => {
  const test = createTestRpc();
  const own = { tenantId: 'acme', userId: 'u1' };
  const foreign = { tenantId: 'acme', userId: 'u2' };
  const as = 'user';
  await expect(invoke(test, listSessions, own, { as })).resolves.toMatchObject({ sessions: [] });
  await expect(invoke(test, revokeUser, own, { as })).resolves.toMatchObject({ revokedCount: 0 });
  const denied = reason('PERMISSION_DENIED');
  await expect(invoke(test, listSessions, foreign, { as })).rejects.toEqual(denied);
  await expect(invoke(test, revokeUser, foreign, { as })).rejects.toEqual(denied);
  await expect(invoke(test, issue, { device }, { as })).rejects.toEqual(denied);
});

test('a token is its own credential for Refresh and Revoke', async () => {
  const test = createTestRpc();
  const { tokens } = await invoke(test, issue, { device }, { as: 'acme' });
  const refreshToken = tokens?.refreshToken ?? '';
  const refreshed = await invoke(test, refresh, { refreshToken });
  expect(refreshed.tokens?.sessionId).toBe(tokens?.sessionId);
  const value = refreshed.tokens?.refreshToken ?? '';
  const revoked = await invoke(test, revoke, { subject: { case: 'token', value } });
  expect(revoked.revokedCount).toBe(1);
});

test('an expired credential beside a refresh token does not stop the refresh', async () => {
  const test = createTestRpc();
  const { tokens } = await invoke(test, issue, { device }, { as: 'acme' });
  const refreshToken = tokens?.refreshToken ?? '';
  const refreshed = await invoke(test, refresh, { refreshToken }, { as: 'an-expired-token' });
  expect(refreshed.tokens?.sessionId).toBe(tokens?.sessionId);
  expect(test.tokens.calls.at(-1)?.call.caller).toEqual({ kind: 'anonymous' });
});

test('a service caller needs its permission to refresh, token or not', async () => {
  const test = createTestRpc();
  const answer = invoke(test, refresh, { refreshToken: 'x' }, { as: 'validator' });
  await expect(answer).rejects.toEqual(reason('PERMISSION_DENIED', { permission: 'refresh' }));
});

test('everybody gets the public keys', async () => {
  const { jwksJson } = await invoke(createTestRpc(), KeyService.method.getJwks, {});
  expect(JSON.parse(jwksJson)).toEqual({ keys: [{ kid: 'k1' }] });
});
