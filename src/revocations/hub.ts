import { setTimeout as sleep } from 'node:timers/promises';
import { type Channels, openChannels } from '../store/feed/channels.ts';
import type { FeedEvent } from '../store/feed/event.ts';
import {
  type FeedPage,
  type FeedPlace,
  type FeedQuery,
  readEntries,
  readFeed,
} from '../store/feed/read-feed.ts';
import { deploymentId } from '../store/meta.ts';
import type { Store } from '../store/store.ts';
import { createAudience } from './audience.ts';
import {
  createPartitionSource,
  type HeardEvent,
  type PartitionSource,
} from './partition-source.ts';
import type { ResetReason } from './responses.ts';
import type { Tenants } from './scope.ts';
import { type Cursor, createSubscriber, type Subscriber } from './subscriber.ts';
import type { FeedReads } from './walk-state.ts';

/** What has been vouched for. */
export interface Coverage {
  /** The store's time when the first primary vouched; 0 if none did. */
  readonly timeMs: number;
  /** Partitions of which everything before that has been delivered, and where they stand. */
  readonly places: ReadonlyMap<number, FeedPlace>;
}

export interface HubOptions {
  readonly store: Pick<Store, 'client' | 'runner' | 'keyspace'>;
  readonly newId: () => string;
  /** How long a primary may take to answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Told, in a line, what keeps a primary from being heard. */
  readonly onFault: (problem: string) => void;
  /** Told of each change that somebody waits for, before anybody is told of it. */
  readonly onAwaited: (partition: number, heard: HeardEvent) => void;
}

export interface Subscription {
  readonly tenants: Tenants;
  readonly cursor: Cursor | undefined;
  /** The public keys, as a JSON Web Key Set. */
  readonly jwks: string;
}

/** Whoever hears of one partition only. */
export interface PartitionListener {
  onEvents(events: readonly FeedEvent[]): void;
  /** Everything is heard from now on; something may have been missed before. */
  onLive(): void;
}

/** Hears what is committed and tells it to any number of subscribers; without any it hears nothing. */
export interface Hub {
  /** @throws STORE_UNAVAILABLE */
  subscribe(subscription: Subscription): Promise<Subscriber>;
  unsubscribe(subscriber: Subscriber): void;
  /** Hears of one partition, until the function that is answered is called. */
  listen(partition: number, listener: PartitionListener): () => void;
  /** Has every primary vouch, and delivers what was committed before. */
  vouch(): Promise<Coverage>;
  readonly subscribers: ReadonlySet<Subscriber>;
  close(): void;
}

const TIMEOUT_MS = 5_000;
/** States that are read for subscribers at once: Redis has others to serve. */
const LOADS = 4;
const RETRY_MS = 200;

/** What is open while there is a subscriber. */
interface Open {
  readonly channels: Channels;
  readonly sources: readonly PartitionSource[];
  /** The store's history; undefined after something was lost. */
  deployment: Promise<string> | undefined;
}

export function createHub({ store, newId, timeoutMs, onFault, onAwaited }: HubOptions): Hub {
  const { partitions } = store.keyspace;
  const listeners = new Map<PartitionListener, number>();
  let open: Open | undefined;
  const audience = createAudience(readsOf);
  const { subscribers } = audience;
  const waiting = new Set<{ readonly subscriber: Subscriber; readonly partition: number }>();
  let loads = 0;
  /** How often each partition's source was lost. */
  const losses = partitions.map(() => 0);
  /** Who has read a partition's state further than its source has come, and how far. */
  const ahead = partitions.map(() => new Map<Subscriber, number>());

  const soon = () => ({ deadlineAtMs: performance.now() + TIMEOUT_MS });

  const read = (partition: number, query: FeedQuery) => readsOf(partition).page(query);

  function readsOf(partition: number): FeedReads {
    const keys = partitions[partition];
    if (!keys) throw new RangeError('no such partition');
    return {
      page: async (query) => sameHistory(partition, await readFeed(store, keys, query, soon())),
      entries: (known, count) => readEntries(store, keys, known, count, soon()),
    };
  }

  /** What was read is gone on with by what is heard, so it has to be of the same primary. */
  function sameHistory(partition: number, page: FeedPage): FeedPage {
    const channels = open?.channels;
    if (channels?.historyOf(partition) === page.history) return page;
    // One of them may be no primary any more, or not know yet that it has become one.
    void channels?.vouch();
    throw new Error('the feed was read of another primary than is heard');
  }

  function openAll(): Open {
    const sources = partitions.map((_, p) =>
      createPartitionSource({
        read: (query) => read(p, query),
        deploymentId: () => currentDeployment(),
        onEvents: (events) => heard(p, events),
        onReset: (reason) => resetAll(p, reason),
        onLive: () => {
          tellListeners(p, (listener) => listener.onLive());
          loadMore();
        },
      }),
    );
    const channels = openChannels({
      store,
      timeoutMs,
      listener: {
        onHeard: (p) => sources[p]?.heard(),
        onEvent: (p, event, history) => sources[p]?.event(event, history),
        onFault,
        onLost: (p) => {
          if (open) open.deployment = undefined;
          sources[p]?.lost();
          lost(p);
        },
      },
    });
    return { channels, sources, deployment: undefined };
  }

  function currentDeployment(): Promise<string> {
    const reading = open?.deployment ?? deploymentId(store.runner, newId, soon());
    if (open) open.deployment = reading;
    reading.catch(() => {
      if (open?.deployment === reading) open.deployment = undefined;
    });
    return reading;
  }

  function heard(partition: number, events: readonly HeardEvent[]): void {
    const told = events.map(({ event }) => event);
    const reached = told.at(-1)?.revision ?? 0;
    for (const [subscriber, upTo] of ahead[partition] ?? []) {
      if (upTo <= reached) ahead[partition]?.delete(subscriber);
    }
    tellListeners(partition, (listener) => listener.onEvents(told));
    for (const each of events) if (each.event.awaited) onAwaited(partition, each);
    audience.heard(partition, told);
  }

  /** What was read ahead of the source may be of a history that the source does not come to. */
  function lost(partition: number): void {
    losses[partition] = (losses[partition] ?? 0) + 1;
    // Before anybody begins to be told another history.
    audience.flush();
    audience.lost(partition);
    const those = [...(ahead[partition]?.keys() ?? [])];
    ahead[partition]?.clear();
    for (const subscriber of those) subscriber.reset(partition, 'SOURCE_LOST');
  }

  /** Notes how far a subscriber has come that has just been told a partition's state. */
  function loaded(subscriber: Subscriber, partition: number, upTo: number, before?: number): void {
    const { place } = open?.sources[partition] ?? {};
    if (losses[partition] !== before) subscriber.reset(partition, 'SOURCE_LOST');
    else if (upTo > (place?.revision ?? 0)) ahead[partition]?.set(subscriber, upTo);
  }

  function tellListeners(partition: number, tell: (listener: PartitionListener) => void): void {
    for (const [listener, heardOf] of listeners) if (heardOf === partition) tell(listener);
  }

  function resetAll(partition: number, reason: ResetReason): void {
    audience.flush();
    audience.lost(partition);
    for (const each of subscribers) each.reset(partition, reason);
  }

  /** Begins what can be loaded now. */
  function loadMore(): void {
    for (const each of waiting) {
      if (loads >= LOADS) return;
      const { subscriber, partition } = each;
      const { isLive, place } = open?.sources[partition] ?? {};
      if (!subscribers.has(subscriber)) waiting.delete(each);
      else if (isLive && place) {
        waiting.delete(each);
        void load(subscriber, partition, place);
      }
    }
  }

  async function load(subscriber: Subscriber, partition: number, place: FeedPlace): Promise<void> {
    loads += 1;
    const before = losses[partition];
    try {
      const upTo = await subscriber.load(partition, place);
      if (upTo !== undefined) loaded(subscriber, partition, upTo, before);
    } catch {
      await sleep(RETRY_MS);
      waiting.add({ subscriber, partition });
    } finally {
      loads -= 1;
      loadMore();
    }
  }

  /** Whoever is loaded and does not take what was read does not keep others from it. */
  async function resting(taken: Promise<void>): Promise<void> {
    loads -= 1;
    loadMore();
    await taken;
    loads += 1;
  }

  function closeUnused(): void {
    if (subscribers.size === 0 && listeners.size === 0) closeAll();
  }

  function closeAll(): void {
    const closing = open;
    open = undefined;
    closing?.channels.close();
    audience.clear();
    waiting.clear();
  }

  return {
    subscribers,
    async subscribe({ tenants, cursor, jwks }) {
      const id = await currentDeployment();
      open ??= openAll();
      return audience.join(tenants, (snapshots) => {
        const subscriber: Subscriber = createSubscriber({
          partitions: partitions.length,
          ...{ tenants, cursor, jwks, deploymentId: id, read },
          snapshot: snapshots.read,
          resting,
          wantLoad(partition) {
            queueMicrotask(() => {
              waiting.add({ subscriber, partition });
              loadMore();
            });
          },
        });
        return subscriber;
      });
    },
    unsubscribe(subscriber) {
      subscriber.end();
      audience.leave(subscriber);
      closeUnused();
    },
    listen(partition, listener) {
      listeners.set(listener, partition);
      open ??= openAll();
      if (open.sources[partition]?.isLive) queueMicrotask(() => listener.onLive());
      return () => {
        listeners.delete(listener);
        closeUnused();
      };
    },
    async vouch() {
      const of = open;
      const vouched = (await of?.channels.vouch()) ?? [];
      audience.flush();
      const places = new Map<number, FeedPlace>();
      for (const partition of vouched.flatMap(({ partitions: heardOf }) => heardOf)) {
        const source = of?.sources[partition];
        if (source?.isLive && source.place) places.set(partition, source.place);
      }
      const times = vouched.map(({ nowMs }) => nowMs);
      return { timeMs: times.length > 0 ? Math.min(...times) : 0, places };
    },
    close() {
      for (const each of subscribers) {
        each.end();
        audience.leave(each);
      }
      listeners.clear();
      closeAll();
    },
  };
}
