import type { DeviceRef } from '@signum/token';
import type { Cluster, Redis } from 'ioredis';
import { STORED_CLAIMS } from '../../src/store/scripts/claims.ts';
import { FIELD, type FieldName } from '../../src/store/scripts/fields.ts';
import { Keyspace, type Place, revokedKey, SHARED_KEYS } from '../../src/store/scripts/keys.ts';
import { primariesOf, redisClient } from '../setup/redis-client.ts';
import type { TestServer } from '../setup/server.ts';

/** What Redis itself holds, read beside the service. */
export interface Stored {
  readonly redis: Redis | Cluster;
  /** The names of the device's keys. */
  placeOf(device: DeviceRef): Place;
  /** The session on a device by the names of its fields; empty if there is none. */
  session(device: DeviceRef): Promise<Readonly<Partial<Record<FieldName, string>>>>;
  /** Why a token or session id is in the revoked table and until when; undefined if it is not. */
  revoked(device: DeviceRef, id: string): Promise<RevokedEntry | undefined>;
  /** The user's devices by the index, and the ids that the partition's revoked table holds. */
  user(device: DeviceRef): Promise<{ devices: string[]; revokedIds: string[] }>;
  /** Everything under the service's keys, to see that nothing has changed. */
  dump(): Promise<Readonly<Record<string, string>>>;
  close(): void;
}

export interface RevokedEntry {
  readonly reason: string;
  /** Redis' PEXPIRETIME, milliseconds since the epoch. */
  readonly forgottenAtMs: number;
}

/** The marks of a partition, without how long its feed keeps events, which the sweeper notes. */
function marksIn({ feed: _, ...marks }: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(marks).sort();
  return sorted.length > 0 ? JSON.stringify(sorted) : '';
}

export function openStored({ redisUrl, env }: Pick<TestServer, 'redisUrl' | 'env'>): Stored {
  const redis = redisClient(redisUrl);
  // Some tests take Redis away; a command that is lost fails by itself.
  redis.on('error', () => undefined);
  const keyspace = new Keyspace(Number(env['SIGNUM_PARTITIONS']));
  const keys = async (pattern: string) => {
    const primaries = await primariesOf(redis);
    return (await Promise.all(primaries.map((primary) => primary.keys(pattern)))).flat();
  };
  return {
    redis,
    placeOf: (device) => keyspace.place(device),
    async session(device) {
      const hash = await redis.hgetall(keyspace.place(device).active);
      const claims = Object.entries(STORED_CLAIMS).map(([name, { letter }]) => [name, letter]);
      const named = [...Object.entries(FIELD), ...claims].map(
        ([name = '', field = '']) => [name, hash[field]] as const,
      );
      return Object.fromEntries(named.filter((each): each is [FieldName, string] => !!each[1]));
    },
    async revoked(device, id) {
      const key = revokedKey(keyspace.place(device).partition, id);
      const [value, forgottenAtMs] = await Promise.all([redis.get(key), redis.pexpiretime(key)]);
      return value === null ? undefined : { reason: value.split(' ')[0] ?? '', forgottenAtMs };
    },
    async user({ tenantId, userId }) {
      const { prefix } = keyspace.partition(tenantId, userId);
      const revoked = await keys(`${prefix.replace(/[{}]/g, '\\$&')}revoked:*`);
      return {
        devices: await redis.zrange(keyspace.user(tenantId, userId), 0, '-1'),
        revokedIds: revoked.map((key) => key.slice(`${prefix}revoked:`.length)),
      };
    },
    async dump() {
      const names = (await keys('signum:*')).filter((key) => key !== SHARED_KEYS.sweeper).sort();
      const values = await Promise.all(
        names.map(async (key) => {
          if (key.endsWith(':watermarks')) return marksIn(await redis.hgetall(key));
          if (key === SHARED_KEYS.callers) return withoutUse(await redis.hgetall(key));
          return (await redis.dumpBuffer(key))?.toString('hex') ?? '';
        }),
      );
      const entries = names.map((key, i) => [key, values[i] ?? ''] as const);
      return Object.fromEntries(entries.filter(([, value]) => value !== ''));
    },
    close: () => redis.disconnect(),
  };
}

/** Callers without when they were last used, which is written some time after the call. */
function withoutUse(callers: Record<string, string>): string {
  return JSON.stringify(callers).replaceAll(/,?\\"lastUsedAtMs\\":\d+/g, '');
}
