import { crc32 } from 'node:zlib';
import type { DeviceRef } from '@signum/token';

/**
 * Every key name of the service. All keys of a user carry the hash tag of the user's partition, so
 * that one script may touch them all, on Redis Cluster too.
 *
 *   signum:{p}:active:<tenant>:<user>:<device>             hash    the session
 *   signum:{p}:revoked:<token id or session id>            string  REASON revision at_ms by
 *   signum:{p}:revoked:<token id>:<tenant>:<user>:<device> string  the same, of a token whose session was lost
 *   signum:{p}:user:<tenant>:<user>                        zset    device id by the session's end
 *   signum:{p}:request:<tenant>:<user>:<device>:<request>  string  session an Issue led to
 *   signum:{p}:expiry                                      zset    <tenant>:<user>:<device> | ::<mark>
 *   signum:{p}:watermarks                                  hash    t:<tenant> | k:<kid> | all by revision;
 *                                                                  feed: its longest window in ms
 *   signum:{p}:revision                                    string  the partition's counter
 *   signum:{p}:feed                                        stream  every change
 *   signum:{p}:channel:<database>                          none    where changes are told (SPUBLISH)
 *   signum:{p}:rate:<limit>:<subject>                      string  when the next request is due
 *   signum:{p}:proof:<hash of key and proof id>            string  a proof or client assertion that was used
 *   signum:meta, signum:keys, signum:callers               hash    what all servers share
 *   signum:sweeper                                         string  the server that sweeps for all
 *   signum:{leases}:table                                  hash    what each server's edges have applied
 *   signum:{leases}:touch                                  string  a counter beside it, always 0
 */
export const SHARED_KEYS = {
  meta: 'signum:meta',
  keys: 'signum:keys',
  callers: 'signum:callers',
  sweeper: 'signum:sweeper',
  leases: 'signum:{leases}:table',
  leasesTouch: 'signum:{leases}:touch',
} as const;

/** The keys of one partition that belong to no single user. */
export interface PartitionKeys {
  /** From 0. */
  readonly number: number;
  readonly prefix: string;
  readonly expiry: string;
  readonly revision: string;
  readonly watermarks: string;
  readonly feed: string;
  /** Its name holds the database's number, because channels know nothing of databases. */
  readonly channel: string;
}

/** A device's place in the store. */
export interface Place {
  readonly partition: PartitionKeys;
  /** `<tenant>:<user>:<device>`, encoded: no two devices share it, and it can be taken apart. */
  readonly member: string;
  readonly active: string;
}

const DELIMITERS = /[%:{}]/;
const DELIMITERS_ALL = /[%:{}]/g;

/** Percent-encodes the characters that delimit keys; everything else stays readable. */
export function encodeId(id: string): string {
  if (!DELIMITERS.test(id)) return id;
  return id.replace(DELIMITERS_ALL, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Undoes {@link encodeId}. */
export function decodeId(encoded: string): string {
  return encoded.replace(/%(25|3A|7B|7D)/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** Takes a member apart again. Undefined if it is not one. */
export function decodeMember(member: string): DeviceRef | undefined {
  const [tenant, user, device, ...rest] = member.split(':');
  if (!tenant || !user || !device || rest.length > 0) return undefined;
  return { tenantId: decodeId(tenant), userId: decodeId(user), deviceId: decodeId(device) };
}

/** The key names of a deployment with a given number of partitions. */
export class Keyspace {
  readonly partitions: readonly PartitionKeys[];

  /** @param database number of the database that the keys are in; default 0 */
  constructor(partitionCount: number, database = 0) {
    this.partitions = Array.from({ length: partitionCount }, (_, p) => {
      const prefix = `signum:{${p}}:`;
      return {
        number: p,
        prefix,
        expiry: `${prefix}expiry`,
        revision: `${prefix}revision`,
        watermarks: `${prefix}watermarks`,
        feed: `${prefix}feed`,
        channel: `${prefix}channel:${database}`,
      };
    });
  }

  /** The partition of a user: CRC-32 of `tenant NUL user`, modulo the number of partitions. */
  partition(tenantId: string, userId: string): PartitionKeys {
    const p = crc32(`${tenantId}\0${userId}`) % this.partitions.length;
    return this.partitions[p] as PartitionKeys;
  }

  place(device: DeviceRef): Place {
    const partition = this.partition(device.tenantId, device.userId);
    const member = `${encodeId(device.tenantId)}:${encodeId(device.userId)}:${encodeId(device.deviceId)}`;
    return { partition, member, active: `${partition.prefix}active:${member}` };
  }

  user(tenantId: string, userId: string): string {
    const { prefix } = this.partition(tenantId, userId);
    return `${prefix}user:${encodeId(tenantId)}:${encodeId(userId)}`;
  }
}

/** The revoked table's entry of a token id or session id. */
export function revokedKey(partition: PartitionKeys, id: string): string {
  return `${partition.prefix}revoked:${id || 'none'}`;
}

/** In a partition's watermarks: for how long its feed keeps an event, in milliseconds. */
export const FEED_WINDOW = 'feed';

/** Where the use of a proof is noted. */
export function proofKey(partition: PartitionKeys, id: string): string {
  return `${partition.prefix}proof:${id}`;
}

/** The tenant's field in a partition's watermarks. */
export function tenantField(tenantId: string): string {
  return `t:${tenantId}`;
}
