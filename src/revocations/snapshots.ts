import type { FeedPlace } from '../store/feed/read-feed.ts';
import type { SnapshotPart } from './responses.ts';
import { concerns, type Tenants } from './scope.ts';
import { type FeedReads, walkState } from './walk-state.ts';

/** The states of partitions, for all subscribers of a scope: those who come together read them once. */
export interface Snapshots {
  /** The state of a partition at a place or beyond it. */
  read(partition: number, place: FeedPlace): AsyncIterable<SnapshotPart>;
  /** The partition has moved, or its history may be another one. */
  forget(partition: number): void;
}

export interface SnapshotsOptions {
  readonly tenants: Tenants;
  readonly reads: (partition: number) => FeedReads;
}

/** Longer ones are read anew each time. */
const MOST_KEPT = 100;

export function createSnapshots({ tenants, reads }: SnapshotsOptions): Snapshots {
  const kept = new Map<number, SnapshotPart>();
  /** How often each partition was forgotten: what was begun to be read before is not kept. */
  const epochs = new Map<number, number>();
  const epochOf = (partition: number) => epochs.get(partition) ?? 0;

  return {
    async *read(partition, place) {
      const known = kept.get(partition);
      if (known?.place && known.place.revision >= place.revision) {
        yield known;
        return;
      }
      const epoch = epochOf(partition);
      let first = true;
      for await (const { events: all, place: upTo } of walkState(reads(partition))) {
        const last = upTo !== undefined;
        const events = all.filter((event) => concerns(event, tenants));
        if (!first && !last && events.length === 0) continue;
        const part: SnapshotPart = {
          ...{ kind: 'snapshot', partition, first, last, events },
          place: upTo,
        };
        const isWhole = first && last && events.length <= MOST_KEPT;
        if (isWhole && epochOf(partition) === epoch) kept.set(partition, part);
        yield part;
        first = false;
      }
    },
    forget(partition) {
      kept.delete(partition);
      epochs.set(partition, epochOf(partition) + 1);
    },
  };
}
