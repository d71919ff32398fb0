import { expect, test } from 'vitest';
import type { StoredKey } from './ring-document.ts';
import { timelineAt } from './timeline.ts';

const HORIZON_MS = 100;

function key(keyId: string, activatesAtMs: number, revokedAtMs?: number): StoredKey {
  const base = {
    keyId,
    algorithm: 'ES256',
    createdAtMs: activatesAtMs - 10,
    activatesAtMs,
  } as const;
  return revokedAtMs === undefined ? { ...base, sealed: 'x' } : { ...base, revokedAtMs };
}

function states(keys: readonly StoredKey[], nowMs: number): string {
  return timelineAt(keys, nowMs, HORIZON_MS)
    .infos.map(({ keyId, state }) => `${keyId} ${state}`)
    .join(', ');
}

test('the latest active key signs, earlier ones are retired, later ones pending', () => {
  const keys = [key('c', 3000), key('a', 2900), key('b', 2950)];
  expect(states(keys, 2960)).toBe('a retired, b signing, c pending');
  expect(timelineAt(keys, 2960, HORIZON_MS)).toMatchObject({
    signingKeyId: 'b',
    changesAtMs: 3000,
  });
});

test('a retired key leaves the ring a horizon after its successor took over', () => {
  const keys = [key('a', 1000), key('b', 2000)];
  const { infos, changesAtMs } = timelineAt(keys, 2099, HORIZON_MS);
  expect(infos[0]).toMatchObject({ state: 'retired', retiresAtMs: 2000, expiresAtMs: 2100 });
  expect(changesAtMs).toBe(2100);
  expect(states(keys, 2100)).toBe('b signing');
});

test('a lone pending key signs: there is nothing else to sign with', () => {
  expect(states([key('a', 5000)], 1000)).toBe('a signing');
});

test('when the signing key is revoked the pending one steps in, never the one before', () => {
  const keys = [key('a', 2000), key('b', 2050, 2060), key('c', 3000), key('d', 3100)];
  expect(states(keys, 2070)).toBe('a retired, b revoked, c signing, d pending');
  expect(
    timelineAt([key('a', 2000), key('b', 2050, 2060)], 2070, HORIZON_MS).signingKeyId,
  ).toBeUndefined();
});

test('a key revoked before it ever signed is nobody’s successor', () => {
  const keys = [key('a', 2000), key('b', 3000, 2500)];
  expect(states(keys, 2510)).toBe('a signing, b revoked');
  expect(states(keys, 2600)).toBe('a signing');
  expect(states(keys, 3500)).toBe('a signing');
});

test('a key revoked in the millisecond of its activation is followed by the one made then', () => {
  const keys = [key('z', 2000, 2000), key('a', 2000)];
  expect(states(keys, 2000)).toBe('z revoked, a signing');
});

test('keys activated in the same millisecond are in one order on every server', () => {
  const keys = [key('a', 2000), key('b', 2000)];
  expect(states(keys, 2000)).toBe(states(keys.toReversed(), 2000));
  expect(states(keys, 2000)).toBe('a retired, b signing');
});
