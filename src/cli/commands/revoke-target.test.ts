import { expect, test } from 'vitest';
import { namesTarget, revokeTarget } from './revoke-target.ts';

const USER = { tenant: 'acme', user: 'ada' };
const DEVICE = { tenantId: 'acme', userId: 'ada', deviceId: 'phone' };

test('a device alone means whatever session is on it', () => {
  expect(revokeTarget({ ...USER, device: 'phone' })).toEqual({
    kind: 'session',
    subject: { case: 'device', value: DEVICE },
  });
});

test('a session id or token id narrows the device to that session', () => {
  expect(revokeTarget({ ...USER, device: 'phone', session: 's' })).toMatchObject({
    subject: { case: 'session', value: { device: DEVICE, sessionId: 's' } },
  });
  expect(revokeTarget({ ...USER, device: 'phone', tokenId: 't' })).toMatchObject({
    subject: { case: 'ids', value: { ...DEVICE, tokenId: 't' } },
  });
});

test('all devices of a user, or all but one', () => {
  const user = { kind: 'user', tenantId: 'acme', userId: 'ada' };
  expect(revokeTarget({ ...USER, all: true })).toEqual({ ...user, exceptDeviceId: '' });
  expect(revokeTarget({ ...USER, allBut: 'tv' })).toEqual({ ...user, exceptDeviceId: 'tv' });
});

test('a whole tenant', () => {
  expect(revokeTarget({ tenant: 'acme', wholeTenant: true })).toEqual({
    kind: 'tenant',
    tenantId: 'acme',
  });
});

test.each([
  ['a user without --device, --all or --all-but', USER, '--device'],
  ['a tenant without --whole-tenant', { tenant: 'acme' }, '--user'],
  ['--all without a tenant', { user: 'ada', all: true }, '--tenant'],
  ['--all with a device', { ...USER, device: 'phone', all: true }, '--all'],
  ['--whole-tenant with a user', { ...USER, wholeTenant: true }, '--whole-tenant'],
  ['two scopes at once', { ...USER, all: true, wholeTenant: true }, '--whole-tenant'],
  ['--all with --all-but', { ...USER, all: true, allBut: 'tv' }, '--all-but'],
])('%s revokes nothing', (_, options, field) => {
  expect(namesTarget(options)).toBe(true);
  expect(() => revokeTarget(options)).toThrow(
    expect.objectContaining({
      reason: 'INVALID_FIELD',
      metadata: expect.objectContaining({ field }),
    }),
  );
});
