import type { DeviceRef } from '@signum/token';
import type { Deadline } from '../../domain/call.ts';
import type { StoreContext } from '../scripts/context.ts';
import { FIELD } from '../scripts/fields.ts';
import { decodeMember, type PartitionKeys, revokedKey, tenantField } from '../scripts/keys.ts';
import { SCRIPTS } from '../scripts/script.ts';
import { FIELD_OF_ALL } from './watermark.ts';

export interface SweepOutcome {
  /** Sessions moved to the revoked table. */
  readonly swept: number;
  /** Index members whose session had vanished. */
  readonly pruned: number;
  /** Whether there may be more to do right now. */
  readonly more: boolean;
  /** Until something else is over, in milliseconds; undefined if there is nothing. */
  readonly nextMs: number | undefined;
}

/**
 * One bounded step in one partition: asks what is over and drops old events (lua/due.lua), moves at
 * most `limit` sessions from active to revoked (lua/sweep.lua), and forgets watermarks that are of no
 * use any more (lua/forget.lua).
 */
export async function sweepPartition(
  store: StoreContext,
  partition: PartitionKeys,
  limit: number,
  deadline: Deadline,
): Promise<SweepOutcome> {
  const { watermarks, expiry, feed } = partition;
  const { runner, policy } = store;
  const [, nextMs, ...due] = (await runner.run(
    SCRIPTS.due,
    [watermarks, expiry, feed],
    [policy.feedMs, limit],
    deadline,
  )) as [string, number, ...string[]];
  const marks = due.filter((member) => member.startsWith(':'));
  const statuses = await Promise.all(
    due
      .filter((member) => !member.startsWith(':'))
      .map((member) => sweepOne(store, partition, member, deadline)),
  );
  if (marks.length > 0) await runner.run(SCRIPTS.forget, [watermarks, expiry], marks, deadline);
  return {
    swept: statuses.filter((status) => status === 'SWEPT').length,
    pruned: statuses.filter((status) => status === 'PRUNED').length,
    more: due.length === limit,
    nextMs: nextMs < 0 ? undefined : nextMs,
  };
}

/**
 * Moves those of a user's sessions that a watermark has ended, or that another issuer began, and answers
 * how many they were. Left alone they would stand in the user's index until their time is over.
 */
export async function sweepUser(
  store: StoreContext,
  { tenantId, userId }: Pick<DeviceRef, 'tenantId' | 'userId'>,
  deadline: Deadline,
): Promise<number> {
  const { runner, keyspace, issuer } = store;
  const partition = keyspace.partition(tenantId, userId);
  const user = keyspace.user(tenantId, userId);
  const [devices, marks] = await Promise.all([
    runner.read(user, deadline, (node) => node.zrange(user, 0, '-1')),
    runner.read(partition.watermarks, deadline, (node) =>
      node.hmget(partition.watermarks, tenantField(tenantId), FIELD_OF_ALL),
    ),
  ]);
  const mark = Math.max(...marks.map((each) => Number(each ?? 0)));
  const statuses = await Promise.all(
    devices.map(async (deviceId) => {
      const { active, member } = keyspace.place({ tenantId, userId, deviceId });
      const [revision, tag] = await runner.read(active, deadline, (node) =>
        node.hmget(active, FIELD.rev, FIELD.iss),
      );
      const isForeign = (tag ?? '') !== issuer.tag;
      if (!revision || (Number(revision) > mark && !isForeign)) return 'SKIPPED';
      return sweepOne(store, partition, member, deadline, issuer.tag);
    }),
  );
  return statuses.filter((status) => status === 'SWEPT').length;
}

async function sweepOne(
  store: StoreContext,
  partition: PartitionKeys,
  member: string,
  deadline: Deadline,
  onlyIssuer = '*',
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
    onlyIssuer,
  ];
  const [status] = await store.runner.run(SCRIPTS.sweep, keys, args, deadline);
  return status;
}
