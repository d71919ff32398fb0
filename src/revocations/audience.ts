import type { FeedEvent } from '../store/feed/event.ts';
import type { Events, PartitionEvents } from './responses.ts';
import { concerns, scopeName, type Tenants } from './scope.ts';
import { createSnapshots, type Snapshots } from './snapshots.ts';
import type { Subscriber } from './subscriber.ts';
import type { FeedReads } from './walk-state.ts';

/** Subscribers that are told the same, because the same tenants concern them. */
interface Scope {
  readonly tenants: Tenants;
  readonly snapshots: Snapshots;
  readonly subscribers: Set<Subscriber>;
}

/** Everybody who is told what has happened: together what comes together, and once for each scope. */
export interface Audience {
  readonly subscribers: ReadonlySet<Subscriber>;
  join(tenants: Tenants, make: (snapshots: Snapshots) => Subscriber): Subscriber;
  leave(subscriber: Subscriber): void;
  /** Changes of a partition that follow those before; they are told soon. */
  heard(partition: number, events: readonly FeedEvent[]): void;
  /** The partition may be of another history. */
  lost(partition: number): void;
  /** Tells what was heard now. */
  flush(): void;
  clear(): void;
}

/**
 * Telling one subscriber costs so much whatever it is told that changes wait for others: so long that
 * all subscribers together are told about 7,000 times a second, or ten times as often where a
 * revocation waits for them.
 */
const TOLD_PER_MS = { usual: 7, awaited: 70 };
const LONGEST_MS = 150;

/** How long what is to be told to so many subscribers waits for more. */
export function gatherMs(subscribers: number, isAwaited = false): number {
  return Math.min(subscribers / TOLD_PER_MS[isAwaited ? 'awaited' : 'usual'], LONGEST_MS);
}

export function createAudience(reads: (partition: number) => FeedReads): Audience {
  const scopes = new Map<string, Scope>();
  const joined = new Map<Subscriber, Scope>();
  const subscribers = new Set<Subscriber>();
  const fresh = new Map<number, FeedEvent[]>();
  let timer: NodeJS.Timeout | undefined;
  let isUrgent = false;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    isUrgent = false;
    if (fresh.size === 0) return;
    const all = [...fresh];
    fresh.clear();
    for (const { tenants, subscribers: members } of scopes.values()) {
      const events: Events = { kind: 'events', partitions: all.map((each) => of(each, tenants)) };
      for (const member of members) member.deliver(events);
    }
  }

  function flushSoon(isAwaited: boolean): void {
    if (timer !== undefined && (isUrgent || !isAwaited)) return;
    const waitMs = gatherMs(subscribers.size, isAwaited);
    clearTimeout(timer);
    isUrgent = isAwaited;
    if (isAwaited && waitMs < 1) flush();
    else timer = setTimeout(flush, waitMs);
  }

  function forget(partition: number): void {
    for (const { snapshots } of scopes.values()) snapshots.forget(partition);
  }

  return {
    subscribers,
    join(tenants, make) {
      const name = scopeName(tenants);
      const scope = scopes.get(name) ?? {
        ...{ tenants, snapshots: createSnapshots({ tenants, reads }) },
        subscribers: new Set(),
      };
      const subscriber = make(scope.snapshots);
      scopes.set(name, scope);
      scope.subscribers.add(subscriber);
      joined.set(subscriber, scope);
      subscribers.add(subscriber);
      return subscriber;
    },
    leave(subscriber) {
      const scope = joined.get(subscriber);
      subscribers.delete(subscriber);
      joined.delete(subscriber);
      scope?.subscribers.delete(subscriber);
      if (scope?.subscribers.size === 0) scopes.delete(scopeName(scope.tenants));
    },
    heard(partition, events) {
      forget(partition);
      const before = fresh.get(partition);
      if (before) before.push(...events);
      else fresh.set(partition, [...events]);
      flushSoon(events.some(({ awaited }) => awaited));
    },
    lost: forget,
    flush,
    clear() {
      clearTimeout(timer);
      timer = undefined;
      fresh.clear();
    },
  };
}

function of([partition, all]: readonly [number, readonly FeedEvent[]], tenants: Tenants) {
  const events = all.filter((event) => concerns(event, tenants));
  return { partition, events, upTo: all.at(-1)?.revision ?? 0 } satisfies PartitionEvents;
}
