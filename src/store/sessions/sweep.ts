import type { Deadline } from '../../domain/call.ts';
import type { StoreContext } from '../scripts/context.ts';
import { FIELD } from '../scripts/fields.ts';
import { decodeMember, type PartitionKeys, revokedKey, tenantField } from '../scripts/keys.ts';
import { SCRIPTS } from '../scripts/script.ts';

export interface SweepOutcome {
  /** Sessions moved to the revoked table. */
  readonly swept: number;
  /** Index members whose session had vanished. */
  readonly pruned: number;
  /** Whether there may be more to do right now. */
  readonly more: boolean;
}

/**
 * One bounded step in one partition: moves at most `limit` sessions whose life is over from active
 * to revoked (lua/sweep.lua), and forgets watermarks and events that are of no use any more
 * (lua/forget.lua).
 */
export async function sweepPartition(
  store: StoreContext,
  partition: PartitionKeys,
  limit: number,
  deadline: Deadline,
): Promise<SweepOutcome> {
  const { watermarks, expiry, feed } = partition;
  const { runner } = store;
  const [seconds] = await runner.read(expiry, deadline, (node) => node.time());
  const due = await runner.read(expiry, deadline, (node) =>
    node.zrange(expiry, 0, `${seconds}000`, 'BYSCORE', 'LIMIT', 0, limit),
  );
  const marks = due.filter((member) => member.startsWith(':'));
  const statuses = await Promise.all(
    due
      .filter((member) => !member.startsWith(':'))
      .map((member) => sweepOne(store, partition, member, deadline)),
  );
  await runner.run(
    SCRIPTS.forget,
    [watermarks, expiry, feed],
    [store.policy.feedMs, ...marks],
    deadline,
  );
  return {
    swept: statuses.filter((status) => status === 'SWEPT').length,
    pruned: statuses.filter((status) => status === 'PRUNED').length,
    more: due.length === limit,
  };
}

async function sweepOne(
  store: StoreContext,
  partition: PartitionKeys,
  member: string,
  deadline: Deadline,
): Promise<unknown> {
  const device = decodeMember(member);
  if (!device) return 'SKIPPED';
  const { active } = store.keyspace.place(device);
  const [sid, jti] = await store.runner.read(active, deadline, (node) =>
    node.hmget(active, FIELD.sid, FIELD.jti),
  );
  const keys = [
    active,
    store.keyspace.user(device.tenantId, device.userId),
    partition.expiry,
    partition.revision,
    partition.feed,
    partition.channel,
    revokedKey(partition, jti ?? ''),
    revokedKey(partition, sid ?? ''),
    partition.watermarks,
  ];
  const args = [
    member,
    device.deviceId,
    sid ?? '',
    jti ?? '',
    store.policy.skewMs,
    store.policy.feedMs,
    tenantField(device.tenantId),
  ];
  const [status] = await store.runner.run(SCRIPTS.sweep, keys, args, deadline);
  return status;
}
