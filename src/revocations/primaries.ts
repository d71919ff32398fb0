import type { Deadline } from '../domain/call.ts';
import type { StoreContext } from '../store/scripts/context.ts';
import { SCRIPTS } from '../store/scripts/script.ts';
import type { Sightings } from './core/sightings.ts';

/** Asks who the primaries of partitions are, and notes it. */
export interface Primaries {
  /**
   * By partition, the name that its primary vouches under, which is no replica and has its replicas.
   * @throws STORE_UNAVAILABLE
   */
  sight(partitions: readonly number[], deadline: Deadline): Promise<ReadonlyMap<number, string>>;
  /** When the probation of a partition's primary is over, on the monotonic clock. */
  trustedFromMs(partition: number): number;
}

export function createPrimaries(
  { runner, keyspace }: Pick<StoreContext, 'runner' | 'keyspace'>,
  sightings: Sightings,
  now: () => number,
): Primaries {
  const keyOf = (partition: number) => keyspace.partitions[partition]?.revision ?? '';

  return {
    async sight(partitions, deadline) {
      // One of each primary's partitions speaks for all of them.
      const byAddress = Map.groupBy(partitions, (partition) => {
        const { host, port } = runner.primaryOf(keyOf(partition)).options;
        return `${host}:${port}`;
      });
      const asked = [...byAddress.values()].map(async (members) => {
        const keys = [keyOf(members[0] ?? 0)];
        const [, , history] = await runner.run(SCRIPTS.vouch, keys, [], deadline);
        const nowMs = now();
        return members.map((partition) => {
          sightings.seen(placeOf(partition), String(history), nowMs);
          return [partition, String(history)] as const;
        });
      });
      return new Map((await Promise.all(asked)).flat());
    },
    trustedFromMs: (partition) => sightings.trustedFromMs(placeOf(partition)),
  };
}

function placeOf(partition: number): string {
  return `partition ${partition}`;
}
