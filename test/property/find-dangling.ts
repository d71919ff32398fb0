import { decodeMember } from '../../src/store/keys.ts';
import type { Store } from '../../src/store/store.ts';

const KEPT = /^signum:(keys|callers|meta|\{\d+\}:(expiry|watermarks|revision|feed))$/;

/** Keys without a time to live, and index members or sessions that the other side does not know. */
export async function findDangling(store: Store): Promise<string[]> {
  const findings: string[] = [];
  const keys = await scan(store);
  for (const key of keys) {
    if (!KEPT.test(key) && (await store.client.pttl(key)) === -1) findings.push(`no TTL: ${key}`);
  }
  for (const partition of store.keyspace.partitions) {
    const members = await store.client.zrange(partition.expiry, 0, '-1');
    const sessions = members.filter((member) => !member.startsWith(':'));
    for (const member of sessions) {
      const active = `${partition.prefix}active:${member}`;
      if (!keys.includes(active)) findings.push(`expiry index without session: ${member}`);
    }
    const prefix = `${partition.prefix}active:`;
    for (const key of keys.filter((each) => each.startsWith(prefix))) {
      const member = key.slice(prefix.length);
      const device = decodeMember(member);
      if (!device || !sessions.includes(member)) findings.push(`session without expiry: ${key}`);
      if (!device) continue;
      const score = await store.client.zscore(
        store.keyspace.user(device.tenantId, device.userId),
        device.deviceId,
      );
      if (score === null) findings.push(`session without user index: ${key}`);
    }
  }
  return findings;
}

async function scan(store: Store): Promise<string[]> {
  const keys = new Set<string>();
  let cursor = '0';
  do {
    const [next, batch] = await store.client.scan(cursor, 'MATCH', 'signum:*', 'COUNT', 1000);
    for (const key of batch) keys.add(key);
    cursor = next;
  } while (cursor !== '0');
  return [...keys];
}
