import type { Redis } from 'ioredis';
import { decodeMember } from '../../store/scripts/keys.ts';
import type { KeyRules } from './check-key.ts';
import type { Fault } from './faults.ts';

const PAGE = 500;

/** Longer than any SIGNUM_SWEEP_INTERVAL but an extreme one. */
const SWEEP_LAG_MS = 5 * 60_000;

/**
 * Whether each member of a partition's expiry index has a session, at most `limit` of them, the
 * soonest to end first; and whether the sweeper keeps up.
 */
export async function checkExpiryIndex(
  node: Redis,
  expiry: string,
  rules: KeyRules,
  limit: number,
): Promise<{ readonly read: number; readonly faults: readonly Fault[] }> {
  const faults: Fault[] = [];
  let read = 0;
  while (read < limit) {
    const last = read + Math.min(PAGE, limit - read) - 1;
    const page = await node.zrange(expiry, read, String(last), 'WITHSCORES');
    if (page.length === 0) break;
    const members = Array.from({ length: page.length / 2 }, (_, i) => ({
      member: page[2 * i] ?? '',
      endsAtMs: Number(page[2 * i + 1]),
    }));
    const checked = await Promise.all(
      members.map((each) => checkMember(node, expiry, each, rules)),
    );
    faults.push(...checked.flat());
    read += members.length;
  }
  return { read, faults };
}

async function checkMember(
  node: Redis,
  expiry: string,
  { member, endsAtMs }: { readonly member: string; readonly endsAtMs: number },
  { keyspace, nowMs }: KeyRules,
): Promise<Fault[]> {
  const where = `${expiry} ${member}`;
  if (endsAtMs < nowMs - SWEEP_LAG_MS) return [{ fault: 'unswept', where }];
  if (member.startsWith(':')) return [];
  const device = decodeMember(member);
  const exists = device && (await node.exists(keyspace.place(device).active)) === 1;
  return exists ? [] : [{ fault: 'danglingInExpiryIndex', where }];
}
