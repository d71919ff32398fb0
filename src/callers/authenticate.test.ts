import { beforeEach, describe, expect, it } from 'vitest';
import {
  ADMIN_KEY,
  bearer,
  type CallersServer,
  type CallersWorld,
  callBy,
  callersWorld,
  NEW_ROOT,
  newCaller,
  reasonOf,
  soon,
  USER,
} from '../../test/setup/callers-fixture.ts';
import { ANONYMOUS } from '../domain/caller.ts';
import { SignumError } from '../domain/errors.ts';
import { NO_PROOF } from '../domain/key-proof.ts';
import { ADMIN, createAuthenticator } from './authenticate.ts';

const root = callBy(ADMIN);
const withCertificate = (...certificateNames: string[]) => ({ certificateNames });

let world: CallersWorld;
let server: CallersServer;
beforeEach(() => {
  world = callersWorld();
  server = world.serve();
});

describe('authenticating', () => {
  it('knows a service by its API key, synchronously', async () => {
    const key = await server.createdKey('edge');
    expect(key).toMatch(/^sgn_[A-Za-z0-9]{12}_[A-Za-z0-9_-]{43}$/);
    for (const _ of ['fresh', 'cached']) {
      expect(server.authenticate(bearer(key))).toMatchObject({ kind: 'service', name: 'edge' });
    }
  });

  it('keeps nothing in the store that could be used to call', async () => {
    const key = await server.createdKey('edge');
    const [, keyId = '', secret = ''] = /^sgn_([^_]+)_(.+)$/.exec(key) ?? [];
    const stored = world.documents.get('edge') ?? '';
    expect(stored).toContain(keyId);
    expect(stored).not.toContain(secret);
    expect(stored).not.toContain(Buffer.from(secret, 'base64url').toString('hex'));
  });

  it.each([
    ['a changed secret', (key: string) => `${key.slice(0, -3)}AAA`],
    ['an unknown key id', (key: string) => key.replace(/^sgn_..../, 'sgn_0000')],
    ['a cut key', (key: string) => key.slice(0, -1)],
    ['something after the key', (key: string) => `${key}x`],
    ['a key with a space in it', (key: string) => `${key.slice(0, 20)} ${key.slice(20)}`],
    ['an empty key', () => ''],
  ])('refuses %s', async (_, spoil) => {
    const key = await server.createdKey('edge');
    expect(server.authenticate(bearer(key))).toMatchObject({ kind: 'service' });
    expect(await reasonOf(() => server.authenticate(bearer(spoil(key))))).toBe(
      'CREDENTIAL_INVALID',
    );
  });

  it('takes a key from nobody but the caller whose it is, whether it has seen the key before or not', async () => {
    const key = await server.createdKey('edge');
    for (const _ of ['fresh', 'cached']) {
      const named = (clientId: string) => () => server.authenticate({ ...bearer(key), clientId });
      expect(await reasonOf(named('other'))).toBe('CREDENTIAL_INVALID');
      expect(await named('edge')()).toMatchObject({ kind: 'service', name: 'edge' });
    }
  });

  it.each(['', 'Bearer', 'Basic dTpw', 'Bearer a, Bearer b', `Bearer ${'x'.repeat(9_000)}`])(
    'refuses the header %j',
    async (authorization) => {
      const act = () => server.authenticate({ authorization, certificateNames: [] });
      expect(await reasonOf(act)).toBe('CREDENTIAL_INVALID');
    },
  );

  it('takes the scheme in any case', async () => {
    const key = await server.createdKey('edge');
    const caller = server.authenticate({ authorization: `bEaReR  ${key}`, certificateNames: [] });
    expect(caller).toMatchObject({ name: 'edge' });
  });

  it('knows the configured admin key, and only it', async () => {
    expect(server.authenticate(bearer(ADMIN_KEY))).toBe(ADMIN);
    const wrong = `${ADMIN_KEY.slice(0, -1)}A`;
    expect(await reasonOf(() => server.authenticate(bearer(wrong)))).toBe('CREDENTIAL_INVALID');
  });

  it('has no admin unless one is configured', async () => {
    const bare = createAuthenticator({ ...server, validateUserToken: async () => USER });
    expect(await reasonOf(() => bare(bearer(ADMIN_KEY)))).toBe('CREDENTIAL_INVALID');
  });

  it('knows a user by an active access token', async () => {
    expect(await server.authenticate(bearer('good.user.token'))).toBe(USER);
    expect(await reasonOf(() => server.authenticate(bearer('bad.user.token')))).toBe(
      'CREDENTIAL_INVALID',
    );
  });

  it('passes on that a user token could not be looked at', async () => {
    const down = new SignumError('STORE_UNAVAILABLE', 'down');
    const validateUserToken = async () => Promise.reject(down);
    const other = createAuthenticator({ ...server, validateUserToken });
    expect(await reasonOf(() => other(bearer('good.user.token')))).toBe('STORE_UNAVAILABLE');
  });

  it('asks for the proof of a key when a call begins, and not while it goes on', async () => {
    const asked: unknown[] = [];
    const validateUserToken = async (_token: string, proof: unknown) => {
      asked.push(proof);
      return USER;
    };
    const other = createAuthenticator({ ...server, validateUserToken });
    const shown = { ...NO_PROOF, dpop: 'a.b.c', method: 'POST' };
    const bound = { authorization: 'DPoP good.user.token', certificateNames: [] };
    await other(bound, { shown, ...soon() });
    await other(bound, { shown, isProven: true, ...soon() });
    // Under another scheme a proof proves nothing, and without one there is none.
    await other(bearer('good.user.token'), { shown, ...soon() });
    await other(bound, { shown: NO_PROOF, ...soon() });
    expect(asked).toEqual([
      shown,
      'LEFT_TO_CALLER',
      { ...shown, dpop: undefined },
      { ...NO_PROOF, dpop: '' },
    ]);
  });

  it('takes nobody for anonymous', () => {
    expect(server.authenticate(withCertificate())).toBe(ANONYMOUS);
  });

  it('refuses a key from the moment it expires, cached or not', async () => {
    const key = await server.createdKey('edge', { keyLifetimeMs: 60_000 });
    expect(server.authenticate(bearer(key))).toMatchObject({ name: 'edge' });
    world.nowMs += 60_000;
    expect(await reasonOf(() => server.authenticate(bearer(key)))).toBe('CREDENTIAL_INVALID');
  });

  it('forgets a cached key once another server has deleted the caller', async () => {
    const key = await server.createdKey('edge');
    expect(server.authenticate(bearer(key))).toMatchObject({ kind: 'service' });
    world.documents.delete('edge');
    expect(server.authenticate(bearer(key))).toMatchObject({ name: 'edge' });
    await server.registry.reload(soon());
    expect(await reasonOf(() => server.authenticate(bearer(key)))).toBe('CREDENTIAL_INVALID');
  });

  it('refuses keys whose root secret is gone', async () => {
    const key = await server.createdKey('edge');
    server = world.serve({ roots: [NEW_ROOT] });
    await server.registry.reload(soon());
    expect(await reasonOf(() => server.authenticate(bearer(key)))).toBe('CREDENTIAL_INVALID');
  });

  describe('by certificate', () => {
    const SPIFFE = 'URI:spiffe://mesh/edge';

    it('knows the caller that is registered under one of its names', async () => {
      await server.admin.create(
        root,
        newCaller('edge', { certificateNames: [SPIFFE], withoutKey: true }),
      );
      expect(server.authenticate(withCertificate('DNS:x', SPIFFE))).toMatchObject({ name: 'edge' });
    });

    it('takes a certificate that is no caller for no credential', () => {
      expect(server.authenticate(withCertificate(SPIFFE))).toBe(ANONYMOUS);
    });

    it('prefers a key presented with it, good or bad', async () => {
      await server.admin.create(root, newCaller('edge', { certificateNames: [SPIFFE] }));
      const key = await server.createdKey('other');
      const both = { ...bearer(key), certificateNames: [SPIFFE] };
      expect(server.authenticate(both)).toMatchObject({ name: 'other' });
      const bad = { ...bearer('sgn_bad'), certificateNames: [SPIFFE] };
      expect(await reasonOf(() => server.authenticate(bad))).toBe('CREDENTIAL_INVALID');
    });

    it('refuses a certificate with the names of two callers', async () => {
      await server.admin.create(root, newCaller('a', { certificateNames: ['DNS:a'] }));
      await server.admin.create(root, newCaller('b', { certificateNames: ['DNS:b'] }));
      const act = () => server.authenticate(withCertificate('DNS:a', 'DNS:b'));
      expect(await reasonOf(act)).toBe('CREDENTIAL_INVALID');
    });

    it('gives a name that two callers claim to neither', async () => {
      await server.admin.create(root, newCaller('a', { certificateNames: ['DNS:x'] }));
      world.documents.set('b', world.documents.get('a')?.replace('"name":"a"', '"name":"b"') ?? '');
      await server.registry.reload(soon());
      expect(server.authenticate(withCertificate('DNS:x'))).toBe(ANONYMOUS);
    });

    it('refuses a disabled caller', async () => {
      await server.admin.create(root, newCaller('edge', { certificateNames: [SPIFFE] }));
      await server.admin.setDisabled(root, 'edge', true);
      const act = () => server.authenticate(withCertificate(SPIFFE));
      expect(await reasonOf(act)).toBe('CREDENTIAL_INVALID');
    });
  });
});
