import { setTimeout as sleep } from 'node:timers/promises';
import type { FeedPlace } from '../store/feed/read-feed.ts';
import type { Subscriber } from './subscriber.ts';

/** Has subscribers told where partitions stand, a few at a time and each when its source is live. */
export interface LoadQueue {
  want(subscriber: Subscriber, partition: number): void;
  /** Begins what can be loaded now: a source has come alive. */
  more(): void;
  /** A partition's source has told everything up to a revision. */
  reached(partition: number, revision: number): void;
  /** A partition's source is lost, and may come back with another history. */
  lost(partition: number): void;
  /** Lets others be loaded until it resolves: a few who do not take what was read keep nobody from it. */
  resting(taken: Promise<void>): Promise<void>;
  clear(): void;
}

export interface LoadQueueOptions {
  readonly partitions: number;
  isThere(subscriber: Subscriber): boolean;
  /** Where a partition's source stands; undefined while it is not live. */
  liveAt(partition: number): FeedPlace | undefined;
  /** Where it stood at last, live or not. */
  lastAt(partition: number): FeedPlace | undefined;
}

/**
 * States that are read at once, for all subscribers, since Redis has others to serve; and that are told to
 * one, which has room for a page of each.
 */
const LOADS = 4;
/** Loads that wait for their subscribers without keeping others from it: each has pages in memory. */
const RESTS = 64;
const RETRY_MS = 200;

export function createLoadQueue(options: LoadQueueOptions): LoadQueue {
  const { isThere, liveAt, lastAt } = options;
  const waiting = new Set<{ readonly subscriber: Subscriber; readonly partition: number }>();
  let loads = 0;
  let rests = 0;
  /** Of each subscriber, those that wait for it to take something among them. */
  const begun = new Map<Subscriber, number>();
  const byPartition = Array.from({ length: options.partitions }, () => ({
    /** How often the source was lost. */
    losses: 0,
    /** Who has been told further than the source has come, and how far. */
    ahead: new Map<Subscriber, number>(),
  }));

  function more(): void {
    for (const each of waiting) {
      if (loads >= LOADS) return;
      const { subscriber, partition } = each;
      const place = liveAt(partition);
      if (!isThere(subscriber)) waiting.delete(each);
      else if (place && (begun.get(subscriber) ?? 0) < LOADS) {
        waiting.delete(each);
        void load(subscriber, partition, place);
      }
    }
  }

  async function load(subscriber: Subscriber, partition: number, place: FeedPlace): Promise<void> {
    loads += 1;
    count(subscriber, 1);
    const before = byPartition[partition]?.losses;
    try {
      const upTo = await subscriber.load(partition, place);
      if (upTo !== undefined) loaded(subscriber, partition, { upTo, before });
    } catch {
      await sleep(RETRY_MS);
      waiting.add({ subscriber, partition });
    } finally {
      loads -= 1;
      count(subscriber, -1);
      more();
    }
  }

  function count(subscriber: Subscriber, change: number): void {
    const left = (begun.get(subscriber) ?? 0) + change;
    if (left > 0) begun.set(subscriber, left);
    else begun.delete(subscriber);
  }

  function loaded(
    subscriber: Subscriber,
    partition: number,
    { upTo, before }: { readonly upTo: number; readonly before: number | undefined },
  ): void {
    const of = byPartition[partition];
    if (of?.losses !== before) subscriber.reset(partition, 'SOURCE_LOST');
    else if (upTo > (lastAt(partition)?.revision ?? 0)) of?.ahead.set(subscriber, upTo);
  }

  return {
    want(subscriber, partition) {
      waiting.add({ subscriber, partition });
      more();
    },
    more,
    reached(partition, revision) {
      const { ahead } = byPartition[partition] ?? {};
      for (const [subscriber, upTo] of ahead ?? []) if (upTo <= revision) ahead?.delete(subscriber);
    },
    lost(partition) {
      const of = byPartition[partition];
      if (of === undefined) return;
      of.losses += 1;
      // What was read ahead of the source may be of a history that the source does not come to.
      const those = [...of.ahead.keys()];
      of.ahead.clear();
      for (const subscriber of those) subscriber.reset(partition, 'SOURCE_LOST');
    },
    async resting(taken) {
      if (rests >= RESTS) return taken;
      rests += 1;
      loads -= 1;
      more();
      await taken;
      loads += 1;
      rests -= 1;
    },
    clear: () => waiting.clear(),
  };
}
