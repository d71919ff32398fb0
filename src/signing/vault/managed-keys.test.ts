import { ALGORITHMS } from '@signum/token';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { MemoryRecords } from '../../../test/setup/memory-records.ts';
import {
  ACCESS_CLAIMS,
  newSecret,
  type SigningFixture,
  signingFixture,
  TestClock,
} from '../../../test/setup/signing-fixture.ts';
import { RootSecrets } from '../../domain/root-secret.ts';
import type { ManagedKeysConfig } from '../create-signing.ts';
import { RING_DOCUMENT } from './ring-document.ts';

const PUBLISH_MS = 600_000;
const ROTATION_MS = 30 * 24 * 3_600_000;
const HORIZON_MS = 960_000;
const KEYS: ManagedKeysConfig = { kind: 'managed', algorithm: 'ES256' };

/** Several servers over the same records, by the same clock. */
async function servers(count: number, keys: ManagedKeysConfig = KEYS) {
  const options = {
    records: new MemoryRecords(),
    clock: new TestClock(),
    rootSecrets: new RootSecrets([newSecret()]),
    keys,
  };
  const fixtures = await Promise.all(Array.from({ length: count }, () => signingFixture(options)));
  return {
    ...options,
    fixtures,
    refreshAll: () => Promise.all(fixtures.map(({ ring }) => ring.refresh())),
  };
}

const states = ({ ring }: Pick<SigningFixture, 'ring'>) => ring.list().map(({ state }) => state);
const published = ({ ring }: Pick<SigningFixture, 'ring'>): string[] =>
  (JSON.parse(ring.jwksJson()) as JSONWebKeySet).keys.map(({ kid = '' }) => kid);

async function accepts({ signing }: SigningFixture, token: string): Promise<boolean> {
  const unverified = signing.readAccess(token);
  return typeof unverified === 'object' && signing.verifyAccess(token, unverified);
}

test('the first key of a ring signs at once', async () => {
  const { ring, signing, clock, events } = await signingFixture();
  expect(ring.list()).toEqual([
    {
      keyId: signing.currentKeyId(),
      algorithm: 'ES256',
      state: 'signing',
      createdAtMs: clock.nowMs,
      activatesAtMs: clock.nowMs,
    },
  ]);
  expect(events).toEqual([{ event: 'key_created', keyId: signing.currentKeyId() }]);
});

test('servers that start together agree on one first key', async () => {
  const { fixtures } = await servers(8);
  expect(new Set(fixtures.map(({ signing }) => signing.currentKeyId())).size).toBe(1);
  expect(fixtures.map(states)).toEqual(Array(8).fill(['signing']));
});

describe('rotation', () => {
  test('a new key is published at once, signs later, and the old one stays until its tokens are over', async () => {
    const fixture = await signingFixture();
    const { ring, signing, clock, events } = fixture;
    const first = signing.currentKeyId();
    const token = await signing.signAccess(ACCESS_CLAIMS, first);
    const { keyId: second, state, activatesAtMs } = await ring.rotate();
    expect({ state, activatesAtMs }).toEqual({
      state: 'pending',
      activatesAtMs: clock.nowMs + PUBLISH_MS,
    });
    expect(published(fixture).sort()).toEqual([first, second].sort());
    clock.advance(PUBLISH_MS - 1);
    expect(signing.currentKeyId()).toBe(first);
    clock.advance(1);
    expect(signing.currentKeyId()).toBe(second);
    expect(states(fixture)).toEqual(['signing', 'retired']);
    expect(ring.list()[1]).toMatchObject({
      retiresAtMs: clock.nowMs,
      expiresAtMs: clock.nowMs + HORIZON_MS,
    });
    clock.advance(HORIZON_MS - 1);
    expect(await accepts(fixture, token)).toBe(true);
    clock.advance(1);
    expect(published(fixture)).toEqual([second]);
    expect(await accepts(fixture, token)).toBe(false);
    expect(events.map(({ event }) => event)).toEqual([
      'key_created',
      'key_created',
      'key_retired',
      'key_activated',
    ]);
  });

  test('a retired key stays as long as the longest lifetime that any server was configured for', async () => {
    const { fixtures, ...shared } = await servers(1);
    const [long] = fixtures as [SigningFixture];
    const first = long.signing.currentKeyId();
    // Restarted with other settings, as in an incident, twice.
    const short = { ...shared, longestAccessMs: 1_000, clockSkewMs: 0 };
    const restarted = await signingFixture(short);
    await restarted.ring.rotate();
    shared.clock.advance(PUBLISH_MS + HORIZON_MS - 1);
    const again = await signingFixture(short);
    for (const each of [restarted, again, long]) {
      await each.ring.refresh();
      expect(published(each)).toContain(first);
    }
    shared.clock.advance(1);
    for (const each of [restarted, again, long]) expect(published(each)).not.toContain(first);
  });

  test('a server that is to grant longer lifetimes than others raises them for all, before it signs', async () => {
    const { fixtures, refreshAll, ...shared } = await servers(2);
    const [here] = fixtures as [SigningFixture];
    const first = here.signing.currentKeyId();
    await signingFixture({ ...shared, longestAccessMs: 2 * HORIZON_MS });
    await refreshAll();
    await here.ring.rotate();
    shared.clock.advance(PUBLISH_MS + 2 * HORIZON_MS);
    await refreshAll();
    for (const each of fixtures) expect(published(each)).toContain(first);
  });

  test('an expired key is deleted from the records', async () => {
    const { ring, signing, clock, records } = await signingFixture();
    const first = signing.currentKeyId();
    await ring.rotate();
    clock.advance(PUBLISH_MS + HORIZON_MS);
    expect(records.documents.get(RING_DOCUMENT)).toContain(first);
    await ring.refresh();
    expect(records.documents.get(RING_DOCUMENT)).not.toContain(first);
  });

  test('is due after the configured time, and happens once however many servers see to it', async () => {
    const { clock, fixtures, refreshAll, records } = await servers(8);
    clock.advance(ROTATION_MS - 1);
    await refreshAll();
    expect(fixtures.map(states)).toEqual(Array(8).fill(['signing']));
    clock.advance(1);
    await refreshAll();
    await refreshAll();
    expect(fixtures.map(states)).toEqual(Array(8).fill(['pending', 'signing']));
    expect(new Set(fixtures.map(({ ring }) => ring.jwksJson())).size).toBe(1);
    expect(records.refusedWrites).toBeGreaterThan(0);
    clock.advance(PUBLISH_MS);
    await refreshAll();
    expect(fixtures.map(states)).toEqual(Array(8).fill(['signing', 'retired']));
  });

  test('never happens by itself when switched off', async () => {
    const { clock, fixtures, refreshAll } = await servers(1, { ...KEYS, rotationMs: 0 });
    clock.advance(100 * ROTATION_MS);
    await refreshAll();
    expect(fixtures.map(states)).toEqual([['signing']]);
  });

  test('asked for on two servers at once makes one key', async () => {
    const { fixtures, refreshAll } = await servers(2);
    const infos = await Promise.all(fixtures.map(({ ring }) => ring.rotate()));
    expect(new Set(infos.map(({ keyId }) => keyId)).size).toBe(1);
    await refreshAll();
    expect(fixtures.map(states)).toEqual(Array(2).fill(['pending', 'signing']));
  });

  test('may change the algorithm', async () => {
    const fixture = await signingFixture();
    for (const algorithm of ALGORITHMS) await fixture.ring.rotate(algorithm);
    const algorithms = fixture.ring.list().map(({ algorithm }) => algorithm);
    expect(algorithms.toSorted()).toEqual([...ALGORITHMS, 'ES256'].toSorted());
    for (const { keyId, algorithm } of fixture.ring.list()) {
      const token = await fixture.signing.signAccess(ACCESS_CLAIMS, keyId);
      expect(await accepts(fixture, token)).toBe(true);
      if (algorithm.startsWith('HS')) continue;
      const keySet = createLocalJWKSet(JSON.parse(fixture.ring.jwksJson()) as JSONWebKeySet);
      const currentDate = new Date(1_700_000_100_000);
      await expect(jwtVerify(token, keySet, { typ: 'at+jwt', currentDate })).resolves.toBeDefined();
    }
    expect(fixture.ring.jwksJson()).not.toMatch(/"(d|p|q|dp|dq|qi|k)":|oct/);
    expect(published(fixture)).toHaveLength(5);
  });
});

describe('a revoked key', () => {
  test('is refused at once, leaves the key set, and its private part is erased', async () => {
    const fixture = await signingFixture();
    const { ring, signing, records, events, clock } = fixture;
    const keyId = signing.currentKeyId();
    const token = await signing.signAccess(ACCESS_CLAIMS, keyId);
    expect(await ring.revoke(keyId)).toMatchObject({
      state: 'revoked',
      expiresAtMs: clock.nowMs + HORIZON_MS,
    });
    expect(await accepts(fixture, token)).toBe(false);
    expect(published(fixture)).not.toContain(keyId);
    const { keys } = JSON.parse(records.documents.get(RING_DOCUMENT) ?? '');
    expect(keys[0]).toMatchObject({ keyId, revokedAtMs: clock.nowMs });
    expect(keys[0]).not.toHaveProperty('sealed');
    expect(events).toContainEqual({ event: 'key_revoked', keyId });
    clock.advance(HORIZON_MS);
    await ring.refresh();
    expect(records.documents.get(RING_DOCUMENT)).not.toContain(keyId);
  });

  test('is followed at once by a new one if none is pending', async () => {
    const fixture = await signingFixture();
    const { ring, signing, clock } = fixture;
    const first = signing.currentKeyId();
    clock.advance(5);
    await ring.revoke(first);
    expect(signing.currentKeyId()).not.toBe(first);
    expect(states(fixture)).toEqual(['signing', 'revoked']);
    const token = await signing.signAccess(ACCESS_CLAIMS, first);
    expect(await accepts(fixture, token)).toBe(true);
    expect(signing.readAccess(token)).toMatchObject({ keyId: signing.currentKeyId() });
  });

  test('is followed at once by the pending one, on every server', async () => {
    const { fixtures, clock, refreshAll } = await servers(2);
    const [one, two] = fixtures as [SigningFixture, SigningFixture];
    const first = one.signing.currentKeyId();
    const { keyId: second } = await one.ring.rotate();
    clock.advance(1000);
    await one.ring.revoke(first);
    await refreshAll();
    for (const { ring, signing } of [one, two]) {
      expect(signing.currentKeyId()).toBe(second);
      expect(ring.list()[0]).toMatchObject({ keyId: second, activatesAtMs: clock.nowMs });
    }
  });

  test('does not bring the one before it back', async () => {
    const fixture = await signingFixture();
    const { ring, signing, clock } = fixture;
    const first = signing.currentKeyId();
    const { keyId: second } = await ring.rotate();
    clock.advance(PUBLISH_MS + 1000);
    await ring.revoke(second);
    expect([first, second]).not.toContain(signing.currentKeyId());
    expect(states(fixture).toSorted()).toEqual(['retired', 'revoked', 'signing']);
  });

  test('may be revoked again, and by two servers at once', async () => {
    const { fixtures, refreshAll } = await servers(2);
    const keyId = fixtures[0]?.signing.currentKeyId() ?? '';
    const revoked = await Promise.all(fixtures.map(({ ring }) => ring.revoke(keyId)));
    expect(revoked[0]).toEqual(revoked[1]);
    expect(await fixtures[1]?.ring.revoke(keyId)).toEqual(revoked[0]);
    await refreshAll();
    expect(fixtures.map(states)).toEqual(Array(2).fill(['signing', 'revoked']));
  });

  test('stays revoked when the store has lost the revocation', async () => {
    const fixture = await signingFixture();
    const { ring, signing, records } = fixture;
    const keyId = signing.currentKeyId();
    const token = await signing.signAccess(ACCESS_CLAIMS, keyId);
    const before = records.documents.get(RING_DOCUMENT) ?? '';
    await ring.revoke(keyId);
    records.documents.set(RING_DOCUMENT, before);
    await ring.refresh();
    expect(await accepts(fixture, token)).toBe(false);
    expect(records.documents.get(RING_DOCUMENT)).toContain('revokedAtMs');
    expect(signing.currentKeyId()).not.toBe(keyId);
  });

  test('stays revoked while a read that began earlier is still under way', async () => {
    const { ring, signing } = await signingFixture();
    const keyId = signing.currentKeyId();
    const reading = ring.refresh();
    await Promise.all([ring.revoke(keyId), reading, ring.refresh()]);
    expect(ring.find(keyId)).toBeUndefined();
  });

  test('must exist', async () => {
    const { ring } = await signingFixture();
    for (const keyId of ['nobody', '__proto__', '']) {
      await expect(ring.revoke(keyId)).rejects.toMatchObject({ reason: 'KEY_NOT_FOUND' });
    }
  });
});
