import { generateKeyPairSync } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  bearer,
  type CallersServer,
  type CallersWorld,
  callBy,
  callersWorld,
  newCaller,
  reasonOf,
  serviceCaller,
  soon,
  USER,
} from '../../test/setup/callers-fixture.ts';
import { ANONYMOUS } from '../domain/caller.ts';
import { ADMIN } from './authenticate.ts';
import type { NewCaller } from './create-caller.ts';

const HOUR_MS = 3_600_000;
const root = callBy(ADMIN);

let world: CallersWorld;
let server: CallersServer;
beforeEach(() => {
  world = callersWorld();
  server = world.serve();
});

describe('administering callers', () => {
  it('is for services alone', async () => {
    expect(await reasonOf(() => server.admin.list(callBy(USER)))).toBe('PERMISSION_DENIED');
    expect(await reasonOf(() => server.admin.delete(callBy(ANONYMOUS), 'x'))).toBe(
      'CREDENTIAL_MISSING',
    );
  });

  it('never grants a permission or a tenant that the creator does not hold', async () => {
    const manager = callBy(serviceCaller(['callers', 'validate'], ['acme']));
    const attempt = (more: Partial<NewCaller>) =>
      reasonOf(() => server.admin.create(manager, newCaller('x', more)));
    expect(await attempt({ permissions: ['validate', 'issue'] })).toBe('PERMISSION_DENIED');
    expect(await attempt({ tenants: ['acme', 'other'] })).toBe('PERMISSION_DENIED');
    expect(await attempt({ tenants: ['*'] })).toBe('PERMISSION_DENIED');
    expect(world.documents.size).toBe(0);
    expect(await attempt({})).toBe('none');
  });

  it('makes no more callers of a tenant than there may be, and leaves room for other tenants', async () => {
    const manager = callBy(serviceCaller(['callers', 'validate'], ['acme', 'mine']));
    const other = callBy(serviceCaller(['callers', 'validate'], ['other']));
    const attempt = (call: typeof root, name: string, tenants: readonly string[]) =>
      reasonOf(() => server.admin.create(call, newCaller(name, { tenants })));
    expect(await attempt(root, 'a', ['acme'])).toBe('none');
    expect(await attempt(manager, 'b', ['acme', 'mine'])).toBe('none');
    expect(await attempt(manager, 'c', ['acme'])).toBe('none');
    expect(await attempt(manager, 'd', ['acme'])).toBe('CALLER_LIMIT');
    expect(await attempt(manager, 'd', ['mine', 'acme'])).toBe('CALLER_LIMIT');
    expect(await attempt(other, 'e', ['other'])).toBe('none');
    // Who holds every tenant may make more, up to the bound of all.
    expect(await attempt(root, 'f', ['acme'])).toBe('none');
    expect(await attempt(root, 'g', ['*'])).toBe('none');
    expect(await attempt(root, 'h', ['elsewhere'])).toBe('CALLER_LIMIT');
    expect(await attempt(other, 'h', ['other'])).toBe('CALLER_LIMIT');
    expect(world.documents.size).toBe(6);
    expect(await attempt(root, 'a', ['acme'])).toBe('CALLER_EXISTS');
    await server.admin.delete(root, 'g');
    expect(await attempt(other, 'h', ['other'])).toBe('none');
  });

  it('makes no more than there may be when many are made at once', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `at-once-${i}`);
    const attempts = names.map((name) =>
      reasonOf(() => server.admin.create(root, newCaller(name))),
    );
    const reasons = await Promise.all(attempts);
    expect(new Set(reasons)).toContain('CALLER_LIMIT');
    expect(world.documents.size).toBeLessThanOrEqual(6);
  });

  it('names certificates only where it holds every tenant', async () => {
    const more = { certificateNames: ['DNS:billing.other'] };
    const manager = callBy(serviceCaller(['callers', 'validate'], ['acme']));
    for (const withoutKey of [false, true]) {
      const attempt = () => server.admin.create(manager, newCaller('x', { ...more, withoutKey }));
      expect(await reasonOf(attempt)).toBe('PERMISSION_DENIED');
    }
    expect(world.documents.size).toBe(0);
    expect(await reasonOf(() => server.admin.create(root, newCaller('x', more)))).toBe('none');
  });

  it('manages nobody who holds more than the manager', async () => {
    await server.createdKey('stronger', { permissions: ['issue'] });
    await server.createdKey('elsewhere', { tenants: ['other'] });
    await server.createdKey('weaker');
    const manager = callBy(serviceCaller(['callers', 'validate'], ['acme']));
    for (const name of ['stronger', 'elsewhere']) {
      expect(await reasonOf(() => server.admin.rotateKey(manager, { name }))).toBe(
        'PERMISSION_DENIED',
      );
      expect(await reasonOf(() => server.admin.setDisabled(manager, name, true))).toBe(
        'PERMISSION_DENIED',
      );
      expect(await reasonOf(() => server.admin.delete(manager, name))).toBe('PERMISSION_DENIED');
    }
    expect((await server.admin.list(manager)).map(({ name }) => name)).toEqual(['weaker']);
    expect((await server.admin.list(root)).map(({ name }) => name)).toEqual([
      'elsewhere',
      'stronger',
      'weaker',
    ]);
  });

  it('keeps names and certificate names unique', async () => {
    await server.admin.create(root, newCaller('edge', { certificateNames: ['DNS:edge'] }));
    const again = (name: string, certificateNames: string[]) =>
      reasonOf(() => server.admin.create(root, newCaller(name, { certificateNames })));
    expect(await again('edge', [])).toBe('CALLER_EXISTS');
    expect(await again('other', ['DNS:edge'])).toBe('CALLER_EXISTS');
    expect(world.documents.has('other')).toBe(false);
  });

  it('never lets two creations at once have the same certificate name', async () => {
    const names = Array.from({ length: 8 }, (_, n) => `c${n}`);
    const create = (name: string) =>
      server.admin.create(root, newCaller(name, { certificateNames: ['DNS:x'] }));
    await Promise.allSettled(names.map(create));
    expect(world.documents.size).toBeLessThanOrEqual(1);
  });

  it.each([
    ['a reserved name', newCaller('admin')],
    ['a name of other characters', newCaller('Edge')],
    ['no permissions', newCaller('x', { permissions: [] })],
    ['no tenants', newCaller('x', { tenants: [] })],
    ['every tenant and one more', newCaller('x', { tenants: ['*', 'acme'] })],
    ['neither key nor certificate', newCaller('x', { withoutKey: true })],
  ])('refuses %s', async (_, input) => {
    expect(await reasonOf(() => server.admin.create(root, input))).toBe('INVALID_FIELD');
  });

  it('lets the key before go on through the overlap, and at most two live', async () => {
    const first = await server.createdKey('edge');
    world.nowMs += 1;
    const { apiKey: second = '' } = await server.admin.rotateKey(root, {
      name: 'edge',
      overlapMs: 5_000,
    });
    expect(server.authenticate(bearer(first))).toMatchObject({ name: 'edge' });
    world.nowMs += 1;
    const { apiKey: third = '', caller } = await server.admin.rotateKey(root, { name: 'edge' });
    expect(caller.keys).toHaveLength(2);
    expect(await reasonOf(() => server.authenticate(bearer(first)))).toBe('CREDENTIAL_INVALID');
    world.nowMs += 24 * HOUR_MS;
    expect(await reasonOf(() => server.authenticate(bearer(second)))).toBe('CREDENTIAL_INVALID');
    expect(server.authenticate(bearer(third))).toMatchObject({ name: 'edge' });
  });

  it('ends the key before at once without an overlap', async () => {
    const first = await server.createdKey('edge');
    expect(server.authenticate(bearer(first))).toMatchObject({ kind: 'service' });
    await server.admin.rotateKey(root, { name: 'edge', overlapMs: 0 });
    expect(await reasonOf(() => server.authenticate(bearer(first)))).toBe('CREDENTIAL_INVALID');
  });

  it('never makes a key live longer by rotating it', async () => {
    const first = await server.createdKey('edge', { keyLifetimeMs: 60_000 });
    await server.admin.rotateKey(root, { name: 'edge' });
    world.nowMs += 60_000;
    expect(await reasonOf(() => server.authenticate(bearer(first)))).toBe('CREDENTIAL_INVALID');
  });

  it('puts public keys in the place of others, and leaves API keys alone', async () => {
    const jwk = (kid: string) => ({
      ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }),
      kid,
    });
    const jwks = (...kids: string[]) => JSON.stringify({ keys: kids.map(jwk) });
    const only = newCaller('edge', { withoutKey: true, jwks: jwks('a') });
    const created = await server.admin.create(root, only);
    expect(created).toMatchObject({ apiKey: undefined, caller: { publicKeyIds: ['a'], keys: [] } });
    const rotated = await server.admin.rotateKey(root, { name: 'edge', jwks: jwks('a', 'b') });
    expect(rotated).toMatchObject({ apiKey: undefined, caller: { publicKeyIds: ['a', 'b'] } });
    const { caller } = await server.admin.rotateKey(root, { name: 'edge' });
    expect(caller).toMatchObject({ publicKeyIds: ['a', 'b'], keys: [{}] });
    expect(JSON.stringify(caller)).not.toContain('Ed25519');
    for (const more of [{ overlapMs: 0 }, { keyLifetimeMs: 60_000 }, { jwks: '{"keys":[7]}' }]) {
      const change = { name: 'edge', jwks: jwks('c'), ...more };
      expect(await reasonOf(() => server.admin.rotateKey(root, change))).toBe('INVALID_FIELD');
    }
    const manager = callBy(serviceCaller(['callers', 'validate'], ['other']));
    const attempt = () => server.admin.rotateKey(manager, { name: 'edge', jwks: jwks('c') });
    expect(await reasonOf(attempt)).toBe('PERMISSION_DENIED');
    expect((await server.admin.list(root))[0]?.publicKeyIds).toEqual(['a', 'b']);
  });

  it('reads callers of earlier versions, which have no public keys', async () => {
    const key = await server.createdKey('edge');
    const { publicKeys: _, ...before } = JSON.parse(world.documents.get('edge') ?? '');
    world.documents.set('edge', JSON.stringify(before));
    await server.registry.reload(soon());
    expect(server.authenticate(bearer(key))).toMatchObject({ name: 'edge' });
    expect((await server.admin.list(root))[0]?.publicKeyIds).toEqual([]);
  });

  it('disables a caller on this server at once, and enables it again', async () => {
    const key = await server.createdKey('edge');
    expect(server.authenticate(bearer(key))).toMatchObject({ kind: 'service' });
    expect(await server.admin.setDisabled(root, 'edge', true)).toMatchObject({ disabled: true });
    expect(await reasonOf(() => server.authenticate(bearer(key)))).toBe('CREDENTIAL_INVALID');
    await server.admin.setDisabled(root, 'edge', false);
    expect(server.authenticate(bearer(key))).toMatchObject({ name: 'edge' });
  });

  it('deletes once and says whether there was one', async () => {
    const key = await server.createdKey('edge');
    expect(await server.admin.delete(root, 'edge')).toBe(true);
    expect(await server.admin.delete(root, 'edge')).toBe(false);
    expect(await reasonOf(() => server.authenticate(bearer(key)))).toBe('CREDENTIAL_INVALID');
  });

  it('says when there is no such caller', async () => {
    expect(await reasonOf(() => server.admin.rotateKey(root, { name: 'x' }))).toBe(
      'CALLER_NOT_FOUND',
    );
    expect(await reasonOf(() => server.admin.setDisabled(root, 'x', true))).toBe(
      'CALLER_NOT_FOUND',
    );
  });

  it('makes its change to what the caller has become meanwhile', async () => {
    await server.createdKey('edge');
    await Promise.all([
      server.admin.setDisabled(root, 'edge', true),
      server.admin.rotateKey(root, { name: 'edge' }),
      server.admin.rotateKey(root, { name: 'edge' }),
    ]);
    const [caller] = await server.admin.list(root);
    expect(caller).toMatchObject({ disabled: true });
    expect(caller?.keys).toHaveLength(2);
  });

  it('shows no hash, and tells of every change', async () => {
    const created = await server.admin.create(root, newCaller('edge'));
    await server.admin.rotateKey(root, { name: 'edge' });
    await server.admin.setDisabled(root, 'edge', true);
    await server.admin.setDisabled(root, 'edge', false);
    await server.admin.delete(root, 'edge');
    expect(JSON.stringify(created.caller)).not.toMatch(/hash|pepper/);
    expect(world.events).toEqual([
      'caller_create edge',
      'caller_rotate_key edge',
      'caller_disable edge',
      'caller_enable edge',
      'caller_delete edge',
    ]);
  });
});
