import { expect, test } from 'vitest';
import { createProofNonces } from './proof-nonces.ts';

const OLD = Buffer.from('an old secret');
const NEW = Buffer.from('a new secret');
const PERIOD_MS = 60_000;
const at = (nowMs: number, secrets = [NEW]) =>
  createProofNonces({ secrets, periodMs: PERIOD_MS, now: () => nowMs });

test('a nonce is fresh in its period and the next, and for a clock that is one behind', () => {
  const nonce = at(600_000).current();
  const fresh = [540_000, 600_000, 659_999, 719_999].map((nowMs) => at(nowMs).isFresh(nonce));
  expect(fresh).toEqual([true, true, true, true]);
  const stale = [539_999, 720_000, 0].map((nowMs) => at(nowMs).isFresh(nonce));
  expect(stale).toEqual([false, false, false]);
});

test('each period has another', () => {
  expect(at(600_000).current()).toBe(at(659_999).current());
  expect(at(660_000).current()).not.toBe(at(600_000).current());
});

test('a server that has a secret as its second knows the nonces that another makes with it', () => {
  const nonce = at(600_000, [OLD]).current();
  expect(at(600_000, [NEW, OLD]).isFresh(nonce)).toBe(true);
  expect(at(600_000, [NEW]).isFresh(nonce)).toBe(false);
});

test.each([undefined, '', 'x', 'x'.repeat(22), 'ß'.repeat(22)])('%j is no nonce', (nonce) => {
  expect(at(600_000).isFresh(nonce)).toBe(false);
});
