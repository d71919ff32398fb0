import type { FeedPlace } from '../store/feed/read-feed.ts';
import type { Checkpoint } from './responses.ts';

/** What checkpoints have told one subscriber of where partitions stand. */
export interface Marks {
  /** A partition begins anew: its place is told again. */
  lapse(partition: number): void;
  /**
   * What a checkpoint tells.
   *
   * @param covered where the partitions stand that it speaks for
   * @param liveFrom from which revision on a partition is told; undefined while it is not
   */
  take(
    timeMs: number,
    covered: ReadonlyMap<number, FeedPlace>,
    liveFrom: (partition: number) => number | undefined,
  ): Pick<Checkpoint, 'moved' | 'uncovered'>;
}

/**
 * How often places are told, by the store's clock. Events tell places as well: what comes in between
 * only saves reading what ends nothing once more.
 */
const TELL_MS = 5_000;

export function createMarks(partitions: number): Marks {
  /** The revisions that were told last. */
  const told: (number | undefined)[] = new Array(partitions).fill(undefined);
  let untold = partitions;
  let toldAtMs = Number.NEGATIVE_INFINITY;

  function mark(partition: number, revision: number | undefined): void {
    untold += Number(revision === undefined) - Number(told[partition] === undefined);
    told[partition] = revision;
  }

  /** Whether a place is to be told. Where a snapshot went further than its source, that is later. */
  function isNews(partition: number, { revision }: FeedPlace, from: number, isDue: boolean) {
    const before = told[partition];
    return revision >= from && (before === undefined || (isDue && before !== revision));
  }

  return {
    lapse: (partition) => mark(partition, undefined),
    take(timeMs, covered, liveFrom) {
      const isDue = Math.abs(timeMs - toldAtMs) >= TELL_MS;
      // As nearly always: nothing to tell, and nothing that it does not speak for.
      if (!isDue && untold === 0 && covered.size === partitions)
        return { moved: [], uncovered: [] };
      const moved: { partition: number; place: FeedPlace }[] = [];
      const uncovered: number[] = [];
      for (let p = 0; p < partitions; p += 1) {
        const place = covered.get(p);
        const from = liveFrom(p);
        if (!place || from === undefined) uncovered.push(p);
        else if (isNews(p, place, from, isDue)) {
          mark(p, place.revision);
          moved.push({ partition: p, place });
        }
      }
      if (isDue) toldAtMs = timeMs;
      return { moved, uncovered };
    },
  };
}
