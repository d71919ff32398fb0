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
import { createLoadQueue } from './load-queue.ts';
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
  readonly store: Pick<Store, 'client' | 'runner' | 'keyspace' | 'policy'>;
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
  /** Of each partition, the history of which its feed was read last. */
  const histories = new Map<number, string>();
  let open: Open | undefined;
  const audience = createAudience(readsOf);
  const { subscribers } = audience;
  const queue = createLoadQueue({
    partitions: partitions.length,
    isThere: (subscriber) => subscribers.has(subscriber),
    liveAt: (partition) => {
      const source = open?.sources[partition];
      return source?.isLive ? source.place : undefined;
    },
    lastAt: (partition) => open?.sources[partition]?.place,
  });

  const soon = () => ({ deadlineAtMs: performance.now() + TIMEOUT_MS });

  const read = (partition: number, query: FeedQuery) => readsOf(partition).page(query);

  function readsOf(partition: number): FeedReads {
    const keys = partitions[partition];
    if (!keys) throw new RangeError('no such partition');
    return {
      page: async (query) => {
        const heard = histories.get(partition);
        return sameHistory(partition, await readFeed(store, keys, query, soon(), heard));
      },
      entries: (known, count) => readEntries(store, keys, known, count, soon()),
    };
  }

  /** What was read is gone on with by what is heard, so it has to be of the same primary. */
  function sameHistory(partition: number, page: FeedPage): FeedPage {
    const channels = open?.channels;
    if (channels?.historyOf(partition) === page.history) {
      histories.set(partition, page.history);
      return page;
    }
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
          queue.more();
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
    queue.reached(partition, told.at(-1)?.revision ?? 0);
    tellListeners(partition, (listener) => listener.onEvents(told));
    for (const each of events) if (each.event.awaited) onAwaited(partition, each);
    audience.heard(partition, told);
  }

  function lost(partition: number): void {
    // Before anybody begins to be told another history.
    audience.flush();
    audience.lost(partition);
    queue.lost(partition);
  }

  function tellListeners(partition: number, tell: (listener: PartitionListener) => void): void {
    for (const [listener, heardOf] of listeners) if (heardOf === partition) tell(listener);
  }

  function resetAll(partition: number, reason: ResetReason): void {
    audience.flush();
    audience.lost(partition);
    for (const each of subscribers) each.reset(partition, reason);
  }

  function closeUnused(): void {
    if (subscribers.size === 0 && listeners.size === 0) closeAll();
  }

  function closeAll(): void {
    const closing = open;
    open = undefined;
    closing?.channels.close();
    // Whatever one is reading would be told to whoever comes next.
    for (const source of closing?.sources ?? []) source.lost();
    audience.clear();
    queue.clear();
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
          resting: queue.resting,
          wantLoad: (partition) => queueMicrotask(() => queue.want(subscriber, partition)),
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
