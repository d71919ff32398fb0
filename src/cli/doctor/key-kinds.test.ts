import { expect, test } from 'vitest';
import { Keyspace, proofKey, revokedKey, SHARED_KEYS } from '../../store/scripts/keys.ts';
import { parseKey } from './key-kinds.ts';

const DEVICE = { tenantId: 'a:c{m}e%', userId: 'ünï\u2028', deviceId: '*' };
const keyspace = new Keyspace(4);

test('every key that the store makes is of a known kind', () => {
  const { active, partition } = keyspace.place(DEVICE);
  const keys = {
    active,
    user: keyspace.user(DEVICE.tenantId, DEVICE.userId),
    revoked: revokedKey(partition, '0190-id'),
    proof: proofKey(partition, 'cHJvb2Y'),
    expiry: partition.expiry,
    watermarks: partition.watermarks,
    revision: partition.revision,
    feed: partition.feed,
    ...SHARED_KEYS,
  };
  for (const [name, key] of Object.entries(keys)) expect(parseKey(key)?.kind.name).toBe(name);
});

test.each([
  'signum:other',
  'signum:{1}:other',
  'signum:{1}:active:acme:ada',
  'signum:{1}:active:acme:ada:phone:more',
  'signum:{01}:feed',
  'signum:{x}:feed',
  'signum:{1}:feed:x',
  'signum:meta:x',
  'signum:active:acme:ada:phone',
  'other:{1}:feed',
])('%s is of no known kind', (key) => {
  expect(parseKey(key)).toBeUndefined();
});
