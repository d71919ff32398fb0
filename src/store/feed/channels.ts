import { Cluster } from 'ioredis';
import type { StoreContext } from '../scripts/context.ts';
import { SCRIPTS } from '../scripts/script.ts';
import type { Store } from '../store.ts';
import type { FeedEvent } from './event.ts';
import { Link, type Vouched } from './link.ts';

/** What is told of the changes of all partitions. */
export interface ChannelsListener {
  /** A partition is heard from now on: what was committed before may have been missed. */
  onHeard(partition: number): void;
  /**
   * A change, in the order of the partition's commits, each once while the partition is heard.
   *
   * @param history of the primary that committed it
   */
  onEvent(partition: number, event: FeedEvent, history: string): void;
  /** A partition is not heard any more, until `onHeard`. */
  onLost(partition: number): void;
  /** A primary cannot be heard, in a line; told again once all have been heard in between. */
  onFault(problem: string): void;
}

/** Hears what is committed in every partition, over a connection to each primary. */
export interface Channels {
  /**
   * Has every primary vouch for what was committed before now; when this resolves, all of it has been
   * heard, in the partitions that are named. Those of a primary that cannot vouch are not.
   */
  vouch(): Promise<readonly Vouched[]>;
  /** Of the primary that a partition is heard of; undefined while it is not heard. */
  historyOf(partition: number): string | undefined;
  close(): void;
}

export interface ChannelsOptions {
  readonly store: Pick<Store, 'client'> & Pick<StoreContext, 'runner' | 'keyspace'>;
  readonly listener: ChannelsListener;
  /** How long a primary may take to answer, in milliseconds. */
  readonly timeoutMs: number;
}

const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 400;

/**
 * Connects and subscribes, and does so again for whatever is lost, until it is closed. A partition that
 * moves is heard of its new primary; what happened in between is not told.
 */
export function openChannels({ store, listener, timeoutMs }: ChannelsOptions): Channels {
  const { partitions } = store.keyspace;
  const links = new Map<string, Link>();
  const heardOf = new Map<number, Link>();
  const unheard = new Set(partitions.keys());
  let isClosed = false;
  let isHearing = false;
  let retryMs = FIRST_RETRY_MS;
  let timer: NodeJS.Timeout | undefined;

  let faults = new Set<string>();

  const hearing = {
    onFault(problem: string) {
      if (isClosed || faults.has(problem)) return;
      faults.add(problem);
      listener.onFault(problem);
    },
    onEvent(partition: number, event: FeedEvent, link: Link) {
      if (heardOf.get(partition) === link) listener.onEvent(partition, event, link.history);
    },
    onLost(lost: readonly number[], link: Link) {
      if (isClosed) return;
      for (const partition of lost) {
        if (heardOf.get(partition) !== link) continue;
        heardOf.delete(partition);
        unheard.add(partition);
        listener.onLost(partition);
      }
      hearSoon(0);
    },
  };

  function linkTo(partition: number): { link: Link; opening: Promise<void> } {
    const node = store.runner.primaryOf(partitions[partition]?.revision ?? '');
    const address = `${node.options.host}:${node.options.port}`;
    const known = links.get(address);
    if (known && !known.isClosed) return { link: known, opening: Promise.resolve() };
    const isCluster = store.client instanceof Cluster;
    const link = new Link(node, { partitions, isCluster, listener: hearing, timeoutMs });
    links.set(address, link);
    return { link, opening: link.open(partition) };
  }

  /** Subscribes to whatever is not heard, over new links where there is none. */
  async function hearAll(): Promise<void> {
    const groups = new Map<Link, { opening: Promise<void>; members: number[] }>();
    for (const partition of unheard) {
      try {
        const { link, opening } = linkTo(partition);
        const group = groups.get(link) ?? { opening, members: [] };
        group.members.push(partition);
        groups.set(link, group);
      } catch {
        // No primary is known for it now; it is tried again.
      }
    }
    const hearings = [...groups].map(async ([link, { opening, members }]) => {
      await opening;
      await Promise.all(members.map((partition) => hear(link, partition)));
    });
    await Promise.all(hearings);
    const used = new Set(heardOf.values());
    for (const [address, link] of links) {
      if (used.has(link)) continue;
      links.delete(address);
      link.close();
    }
  }

  async function hear(link: Link, partition: number): Promise<void> {
    const isHeard = await link.hear(partition);
    if (isClosed) return;
    if (!isHeard) {
      await findAnew(partition);
      return;
    }
    unheard.delete(partition);
    heardOf.set(partition, link);
    listener.onHeard(partition);
  }

  /** Who serves the partition now is learned by asking. */
  async function findAnew(partition: number): Promise<void> {
    const keys = [partitions[partition]?.revision ?? ''];
    const deadline = { deadlineAtMs: performance.now() + timeoutMs };
    await store.runner.run(SCRIPTS.vouch, keys, [], deadline).catch(() => undefined);
  }

  function hearSoon(pauseMs: number): void {
    if (isClosed || isHearing || timer) return;
    timer = setTimeout(() => {
      timer = undefined;
      isHearing = true;
      void hearAll().finally(() => {
        isHearing = false;
        if (unheard.size === 0) {
          retryMs = FIRST_RETRY_MS;
          faults = new Set();
        } else hearSoon(retryMs * (0.5 + Math.random() / 2));
        retryMs = Math.min(2 * retryMs, LONGEST_RETRY_MS);
      });
    }, pauseMs);
  }

  hearSoon(0);
  return {
    async vouch() {
      const all = new Set(heardOf.values());
      const vouched = await Promise.all([...all].map((link) => link.vouch()));
      return vouched.filter((each) => each !== undefined);
    },
    historyOf: (partition) => heardOf.get(partition)?.history,
    close() {
      isClosed = true;
      clearTimeout(timer);
      for (const link of links.values()) link.close();
    },
  };
}
