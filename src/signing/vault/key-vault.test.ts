import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { MemoryRecords } from '../../../test/setup/memory-records.ts';
import { newSecret, signingFixture } from '../../../test/setup/signing-fixture.ts';
import type { SignumError } from '../../domain/errors.ts';
import { RootSecret, RootSecrets } from '../../domain/root-secret.ts';
import { RING_DOCUMENT } from './ring-document.ts';

const PUBLISH_MS = 600_000;
const OLD = newSecret();
const NEW = newSecret();
const over = (records: MemoryRecords, ...secrets: string[]) =>
  signingFixture({ records, rootSecrets: new RootSecrets(secrets) });

interface Stored {
  readonly keyId: string;
  readonly sealed: string;
}

test('the stored ring holds neither private keys nor public ones in clear', async () => {
  const { ring, records } = await signingFixture();
  await ring.rotate('HS256');
  await ring.rotate('RS256');
  const text = [...records.documents.values()].join();
  expect(text).not.toMatch(/"(d|k|n|x|kty)"/);
});

test('the stored ring is sealed anew under a new root secret, so that the old one can be taken away', async () => {
  const before = await over(new MemoryRecords(), OLD);
  const keyId = before.signing.currentKeyId();
  const { records } = before;
  const both = await over(records, NEW, OLD);
  expect(both.signing.currentKeyId()).toBe(keyId);
  const after = await over(records, NEW);
  expect(after.signing.currentKeyId()).toBe(keyId);
  await expect(over(records, OLD)).rejects.toMatchObject({ reason: 'INTERNAL' });
});

test('the stored ring is not sealed back and forth while servers are being given a new secret', async () => {
  const one = await over(new MemoryRecords(), OLD, NEW);
  const two = await over(one.records, NEW, OLD);
  await one.ring.refresh();
  await two.ring.refresh();
  const settled = one.records.documents.get(RING_DOCUMENT);
  for (let round = 0; round < 3; round += 1) {
    await one.ring.refresh();
    await two.ring.refresh();
  }
  expect(one.records.documents.get(RING_DOCUMENT)).toBe(settled);
  const three = await over(one.records, NEW, OLD);
  expect((await over(three.records, NEW)).signing.currentKeyId()).toBe(one.signing.currentKeyId());
});

test('the stored ring with a key that does not open is used without that key, which is reported once', async () => {
  const one = await over(new MemoryRecords(), OLD);
  const two = await over(one.records, NEW, OLD);
  await one.ring.refresh();
  const { keyId } = await two.ring.rotate();
  await one.ring.refresh();
  await one.ring.refresh();
  expect(one.events.filter(({ event }) => event === 'key_unreadable')).toEqual([
    { event: 'key_unreadable', keyId, rootSecretId: new RootSecret(NEW).id },
  ]);
  one.clock.advance(PUBLISH_MS);
  expect(one.signing.currentKeyId()).toBe(two.signing.currentKeyId());
  expect(one.ring.list()[0]).toMatchObject({ keyId, state: 'signing' });
});

test.each([
  [
    'swapped keys',
    (keys: Stored[]) => keys.map((key, i) => ({ ...key, sealed: keys.at(i - 1)?.sealed })),
  ],
  ['another algorithm', (keys: Stored[]) => keys.map((key) => ({ ...key, algorithm: 'EdDSA' }))],
  ['another id', (keys: Stored[]) => keys.map((key) => ({ ...key, keyId: `${key.keyId}x` }))],
  [
    'a bent seal',
    (keys: Stored[]) => keys.map((key) => ({ ...key, sealed: `${key.sealed.slice(0, -2)}AA` })),
  ],
  ['no seal', (keys: Stored[]) => keys.map((key) => ({ ...key, sealed: '' }))],
])('a stored ring tampered with by way of %s is not used', async (_, tamper) => {
  const { ring, records } = await over(new MemoryRecords(), NEW);
  await ring.rotate();
  const document = JSON.parse(records.documents.get(RING_DOCUMENT) ?? '');
  const keys = tamper(document.keys);
  records.documents.set(RING_DOCUMENT, JSON.stringify({ ...document, keys }));
  await expect(over(records, NEW)).rejects.toMatchObject({ reason: 'INTERNAL' });
});

test.each(['', 'null', '[]', '{', '{"version":2,"keys":[]}', '{"version":1,"keys":[{}]}'])(
  'a stored ring that reads %j is neither used nor overwritten',
  async (text) => {
    const records = new MemoryRecords();
    records.documents.set(RING_DOCUMENT, text);
    await expect(over(records, NEW)).rejects.toMatchObject({ reason: 'INTERNAL' });
    await setImmediate();
    expect(records.documents.get(RING_DOCUMENT)).toBe(text);
  },
);

test('a stored ring that opens under none of the root secrets says so, naming keys and secrets by id', async () => {
  const { records, signing } = await over(new MemoryRecords(), OLD);
  const before = records.documents.get(RING_DOCUMENT);
  const refused = await over(records, NEW).then(
    () => undefined,
    (error: unknown) => error as SignumError,
  );
  expect(refused?.reason).toBe('INTERNAL');
  expect(refused?.message).toContain(signing.currentKeyId());
  expect(refused?.message).toContain(new RootSecret(OLD).id);
  expect(refused?.message).not.toContain(OLD);
  expect(records.documents.get(RING_DOCUMENT)).toBe(before);
});
