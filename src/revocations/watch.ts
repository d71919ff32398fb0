import type { Edge, Edges } from './edges.ts';
import type { Hub } from './hub.ts';
import type { Tenants } from './scope.ts';
import type { Cursor, Subscriber } from './subscriber.ts';

export interface WatchWanted {
  readonly tenants: Tenants;
  readonly cursor: Cursor | undefined;
  /** Whether it answers for tokens itself: it may renew leases, and fences wait for it. */
  readonly edge: boolean;
}

/** Somebody who watches. */
export interface Watching {
  readonly subscriber: Subscriber;
  /** Only of an edge. */
  readonly edge: Edge | undefined;
  leave(): void;
}

export interface Watch {
  /** @throws STORE_UNAVAILABLE */
  begin(wanted: WatchWanted): Promise<Watching>;
  readonly subscribers: number;
  close(): void;
}

/** How often subscribers that are no edges get a checkpoint, and all of them new keys if there are. */
const TICK_MS = 1_000;

/** Lets subscribers in and out, and tells them regularly how things stand while there are any. */
export function createWatch(hub: Hub, edges: Edges, jwks: () => string): Watch {
  const plain = new Set<Subscriber>();
  let told = '';
  let timer: NodeJS.Timeout | undefined;

  function tellKeys(): void {
    const keys = jwks();
    if (keys === told) return;
    told = keys;
    for (const each of hub.subscribers) each.keys(keys);
  }

  async function tellPlain(): Promise<void> {
    if (plain.size === 0) return;
    const { timeMs, places } = await hub.vouch();
    if (places.size > 0) for (const each of plain) each.checkpoint(0, timeMs, places);
  }

  async function tick(): Promise<void> {
    tellKeys();
    await tellPlain();
    if (hub.subscribers.size > 0) timer = setTimeout(tick, TICK_MS);
    else timer = undefined;
  }

  return {
    async begin({ tenants, cursor, edge: isEdge }) {
      if (timer === undefined) told = jwks();
      const subscriber = await hub.subscribe({ tenants, cursor, jwks: jwks() });
      const edge = isEdge ? edges.join(subscriber) : undefined;
      if (edge) subscriber.follow(edge);
      else plain.add(subscriber);
      timer ??= setTimeout(tick, TICK_MS);
      return {
        subscriber,
        edge,
        leave() {
          plain.delete(subscriber);
          hub.unsubscribe(subscriber);
          edge?.leave();
        },
      };
    },
    get subscribers() {
      return hub.subscribers.size;
    },
    close() {
      clearTimeout(timer);
    },
  };
}
