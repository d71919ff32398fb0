import { expect, test, vi } from 'vitest';
import { MemoryRecords } from '../../../test/setup/memory-records.ts';
import {
  ACCESS_CLAIMS,
  newSecret,
  type SigningFixture,
  signingFixture,
  TestClock,
} from '../../../test/setup/signing-fixture.ts';
import { SignumError } from '../../domain/errors.ts';
import { RootSecrets } from '../../domain/root-secret.ts';

const UNAVAILABLE = new SignumError('STORE_UNAVAILABLE', 'gone');

async function pair(): Promise<{
  one: SigningFixture;
  two: SigningFixture;
  records: MemoryRecords;
}> {
  const options = {
    records: new MemoryRecords(),
    clock: new TestClock(),
    rootSecrets: new RootSecrets([newSecret()]),
  };
  const one = await signingFixture(options);
  return { one, two: await signingFixture(options), records: options.records };
}

function unknown(keyId: string) {
  return { claims: ACCESS_CLAIMS, keyId, algorithm: 'ES256' };
}

test('a token of a key made a moment ago on another server is accepted', async () => {
  const { one, two } = await pair();
  await one.ring.revoke(one.signing.currentKeyId());
  const token = await one.signing.signAccess(ACCESS_CLAIMS, one.signing.currentKeyId());
  const unverified = two.signing.readAccess(token);
  if (typeof unverified === 'string') throw new Error(unverified);
  expect(await two.signing.verifyAccess(token, unverified)).toBe(true);
});

test('unknown key ids cost the store one look a second, however many there are', async () => {
  const { signing, records, clock } = await signingFixture();
  const before = records.reads;
  const flood = () =>
    Promise.all(
      Array.from({ length: 100 }, (_, i) => signing.verifyAccess('a.b.AAAA', unknown(`k${i}`))),
    );
  expect(new Set(await flood())).toEqual(new Set([false]));
  await flood();
  expect(records.reads).toBe(before + 1);
  clock.advance(1000);
  await flood();
  expect(records.reads).toBe(before + 2);
});

test('a revoked key id costs the store nothing', async () => {
  const { ring, signing, records } = await signingFixture();
  const keyId = signing.currentKeyId();
  await ring.revoke(keyId);
  const before = records.reads;
  expect(await signing.verifyAccess('a.b.AAAA', unknown(keyId))).toBe(false);
  expect(records.reads).toBe(before);
});

test('while the store is gone an unknown key is an error, a known one as good as ever', async () => {
  const { signing, ring, records, clock } = await signingFixture();
  const token = await signing.signAccess(ACCESS_CLAIMS, signing.currentKeyId());
  const loadedAtMs = ring.lastLoadedAtMs;
  records.failure = UNAVAILABLE;
  clock.advance(5000);
  const unavailable = { reason: 'STORE_UNAVAILABLE' };
  await expect(ring.refresh()).rejects.toMatchObject(unavailable);
  await expect(ring.rotate()).rejects.toMatchObject(unavailable);
  for (const keyId of ['k1', 'k2']) {
    await expect(signing.verifyAccess('a.b.AAAA', unknown(keyId))).rejects.toMatchObject(
      unavailable,
    );
  }
  expect(await signing.verifyAccess(token, unknown(signing.currentKeyId()))).toBe(true);
  expect(ring.lastLoadedAtMs).toBe(loadedAtMs);
  records.failure = undefined;
  await ring.refresh();
  expect(ring.lastLoadedAtMs).toBe(clock.nowMs);
});

test('without the store there is no start', async () => {
  const records = new MemoryRecords();
  records.failure = UNAVAILABLE;
  await expect(signingFixture({ records })).rejects.toMatchObject({ reason: 'STORE_UNAVAILABLE' });
});

test('a revocation reaches the other servers by polling, failures notwithstanding', async () => {
  const options = {
    records: new MemoryRecords(),
    rootSecrets: new RootSecrets([newSecret()]),
    pollMs: 5,
  };
  const one = await signingFixture(options);
  const two = await signingFixture(options);
  const keyId = one.signing.currentKeyId();
  options.records.failure = UNAVAILABLE;
  await vi.waitFor(() =>
    expect(two.events).toContainEqual({ event: 'poll_failed', cause: UNAVAILABLE }),
  );
  expect(two.ring.find(keyId)).toBeDefined();
  options.records.failure = undefined;
  await one.ring.revoke(keyId);
  await vi.waitFor(() => expect(two.ring.find(keyId)).toBeUndefined());
  expect(two.events).toContainEqual({ event: 'key_revoked', keyId });
});

test('all servers answer the same key set, byte for byte', async () => {
  const { one, two } = await pair();
  await one.ring.rotate('EdDSA');
  await two.ring.refresh();
  expect(two.ring.jwksJson()).toBe(one.ring.jwksJson());
  expect(JSON.parse(one.ring.jwksJson()).keys).toEqual([
    expect.objectContaining({
      kty: 'EC',
      use: 'sig',
      alg: 'ES256',
      kid: one.signing.currentKeyId(),
    }),
    expect.objectContaining({ kty: 'OKP', use: 'sig', alg: 'EdDSA' }),
  ]);
});
