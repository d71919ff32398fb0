import { FIELD } from '../../src/store/scripts/fields.ts';
import { decodeMember } from '../../src/store/scripts/keys.ts';
import { sweepPartition } from '../../src/store/sessions/sweep.ts';
import type { Store } from '../../src/store/store.ts';
import { primariesOf } from '../setup/redis-client.ts';
import { soon } from '../setup/store.ts';

const INSTANTS = [FIELD.cat, FIELD.iat, FIELD.exp, FIELD.rexp, FIELD.aexp];

/**
 * Does what the clock and the sweeper would do, without the wait: everything that the store knows the
 * end of comes that much nearer to it.
 */
export async function letTimePass(store: Store, ms: number): Promise<void> {
  const { client, keyspace } = store;
  for (const { expiry } of keyspace.partitions) {
    for (const member of await client.zrange(expiry, 0, '-1')) {
      await client.zincrby(expiry, -ms, member);
      const device = decodeMember(member);
      if (device === undefined) continue;
      const { active } = keyspace.place(device);
      await client.zincrby(keyspace.user(device.tenantId, device.userId), -ms, device.deviceId);
      if ((await client.exists(active)) === 0) continue;
      for (const field of INSTANTS) await client.hincrby(active, field, -ms / 1_000);
    }
  }
  for (const primary of await primariesOf(client)) {
    for (const key of await primary.keys('signum:*')) {
      const ttlMs = await primary.pttl(key);
      if (ttlMs > 0) await primary.pexpire(key, Math.max(1, ttlMs - ms));
    }
  }
  for (const partition of keyspace.partitions) {
    let more = true;
    while (more) {
      const step = await sweepPartition(store, partition, 256, soon());
      more = step.more && step.swept + step.pruned > 0;
    }
  }
}
