import { describe, expect, it } from 'vitest';
import { ANONYMOUS, type Caller, PERMISSIONS, type Permission } from '../domain/caller.ts';
import { SignumError } from '../domain/errors.ts';
import { authorise, authoriseHolder, authorisePermission } from './authorise.ts';
import { authoriseDurability } from './waiting.ts';

const service = (permissions: readonly Permission[], tenants: string[] | '*'): Caller => ({
  kind: 'service',
  name: 'svc',
  permissions: new Set(permissions),
  tenants: tenants === '*' ? '*' : new Set(tenants),
});

const USER: Caller = {
  kind: 'user',
  device: { tenantId: 'acme', userId: 'u1', deviceId: 'd1' },
  sessionId: 's1',
};
const OWN = { tenantId: 'acme', userId: 'u1' };

/** What comes of it: `allowed`, or the reason. */
function outcome(act: () => void): string {
  try {
    act();
    return 'allowed';
  } catch (error) {
    return error instanceof SignumError ? error.reason : 'threw something else';
  }
}

describe('authorise', () => {
  it.each(PERMISSIONS.filter((p) => p !== 'keys'))(
    'lets a service with %s act in its tenants only',
    (p) => {
      const caller = service([p], ['acme']);
      expect(outcome(() => authorise(caller, p, OWN))).toBe('allowed');
      expect(outcome(() => authorise(caller, p, { tenantId: 'other' }))).toBe('PERMISSION_DENIED');
      expect(outcome(() => authorise(service([p], '*'), p, { tenantId: 'other' }))).toBe('allowed');
    },
  );

  it.each(PERMISSIONS)('refuses a service that has everything but %s', (p) => {
    const caller = service(
      PERMISSIONS.filter((other) => other !== p),
      '*',
    );
    expect(outcome(() => authorise(caller, p, OWN))).toBe('PERMISSION_DENIED');
  });

  it('lets a user list and revoke their own sessions and nothing else', () => {
    const allowed = PERMISSIONS.filter((p) => outcome(() => authorise(USER, p, OWN)) === 'allowed');
    expect(allowed).toEqual(['revoke', 'list']);
  });

  it.each([
    ['another user', { tenantId: 'acme', userId: 'u2' }],
    ['the same user id in another tenant', { tenantId: 'other', userId: 'u1' }],
    ['the whole tenant', { tenantId: 'acme' }],
  ])('refuses a user who reaches for %s', (_, target) => {
    expect(outcome(() => authorise(USER, 'revoke', target))).toBe('PERMISSION_DENIED');
    expect(outcome(() => authorise(USER, 'list', target))).toBe('PERMISSION_DENIED');
  });

  it.each(PERMISSIONS)('asks nobody for a credential first (%s)', (p) => {
    expect(outcome(() => authorise(ANONYMOUS, p, OWN))).toBe('CREDENTIAL_MISSING');
    expect(outcome(() => authorisePermission(ANONYMOUS, p))).toBe('CREDENTIAL_MISSING');
  });

  it('names the permission that is missing', () => {
    expect(() => authorise(service([], '*'), 'issue', OWN)).toThrow(
      expect.objectContaining({ metadata: { permission: 'issue' } }),
    );
  });
});

describe('authoriseHolder', () => {
  const holder = (caller: Caller, p: Permission) => outcome(() => authoriseHolder(caller, p, OWN));

  it('lets whoever holds a token refresh and revoke with it', () => {
    for (const caller of [ANONYMOUS, USER]) {
      expect(holder(caller, 'refresh')).toBe('allowed');
      expect(holder(caller, 'revoke')).toBe('allowed');
    }
  });

  it('gives a holder nothing else', () => {
    expect(holder(ANONYMOUS, 'issue')).toBe('CREDENTIAL_MISSING');
    expect(holder(USER, 'validate')).toBe('PERMISSION_DENIED');
  });

  it('asks a service for the permission and the tenant all the same', () => {
    expect(holder(service(['refresh'], ['acme']), 'refresh')).toBe('allowed');
    expect(holder(service(['refresh'], ['other']), 'refresh')).toBe('PERMISSION_DENIED');
    expect(holder(service(['revoke'], '*'), 'refresh')).toBe('PERMISSION_DENIED');
  });
});

describe('authorisePermission', () => {
  it('is for services only', () => {
    expect(outcome(() => authorisePermission(service(['validate'], []), 'validate'))).toBe(
      'allowed',
    );
    expect(outcome(() => authorisePermission(USER, 'revoke'))).toBe('PERMISSION_DENIED');
  });

  it('lets only a service of every tenant touch the keys, which all tenants share', () => {
    expect(outcome(() => authorisePermission(service(['keys'], '*'), 'keys'))).toBe('allowed');
    expect(outcome(() => authorisePermission(service(['keys'], ['acme']), 'keys'))).toBe(
      'PERMISSION_DENIED',
    );
  });
});

describe('authoriseDurability', () => {
  const deployment = { replicas: 1, fsync: false };
  const less = { replicas: 0, fsync: false };

  it.each([
    [undefined, deployment],
    [less, less],
    [deployment, deployment],
  ])('gives a token what the deployment waits for: %j', (wanted, granted) => {
    for (const caller of [USER, ANONYMOUS]) {
      expect(authoriseDurability(caller, wanted, deployment)).toEqual(granted);
    }
  });

  it.each([
    { replicas: 2, fsync: false },
    { replicas: 16, fsync: true },
    { replicas: 0, fsync: true },
  ])('gives more to a service caller only: %j', (wanted) => {
    for (const caller of [USER, ANONYMOUS]) {
      const ask = () => authoriseDurability(caller, wanted, deployment);
      expect(outcome(ask)).toBe('PERMISSION_DENIED');
    }
    expect(authoriseDurability(service(['revoke'], '*'), wanted, deployment)).toEqual(wanted);
  });
});
