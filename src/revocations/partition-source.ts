import { setTimeout as sleep } from 'node:timers/promises';
import type { FeedEvent } from '../store/feed/event.ts';
import type { FeedPage, FeedPlace } from '../store/feed/read-feed.ts';
import type { Join } from './core/join-feed.ts';
import type { ResetReason } from './responses.ts';
import { joinAt, type ReadFeed, walkFeed, whyNotAfter } from './walk-feed.ts';

export interface SourceOptions {
  readonly read: ReadFeed;
  /** The store's history as of now; read anew after something was lost. */
  deploymentId(): Promise<string>;
  /** Changes that follow what was told before. */
  onEvents(events: readonly HeardEvent[]): void;
  /** What follows does not join on to what was told before. */
  onReset(reason: ResetReason): void;
  /** From now on everything that is heard has been told. */
  onLive(): void;
}

export interface HeardEvent {
  readonly event: FeedEvent;
  /** Of the primary that it was heard of; empty if it was read from the feed. */
  readonly history: string;
}

/** One partition's changes without a gap: as they are heard, and from its feed where some were not. */
export interface PartitionSource {
  /** Its channel is heard from now on. */
  heard(): void;
  /** It is not heard any more. */
  lost(): void;
  event(event: FeedEvent, history: string): void;
  readonly isLive: boolean;
  /** Where it stands; undefined until it was live for the first time. */
  readonly place: FeedPlace | undefined;
}

/** Changes that are kept while the feed is read; more, and it is read again. */
const MOST_HELD = 10_000;
const RETRY_MS = 100;

export function createPartitionSource(options: SourceOptions): PartitionSource {
  const { read, onEvents, onReset, onLive } = options;
  let place: FeedPlace | undefined;
  let deployment: string | undefined;
  let isLive = false;
  let held: HeardEvent[] = [];
  /** Counts what makes a reading of the feed worthless. */
  let episode = 0;

  function tell(events: readonly HeardEvent[]): void {
    const last = events.at(-1)?.event;
    if (!last) return;
    place = { revision: last.revision, entryId: last.entryId };
    onEvents(events);
  }

  /** Whether the changes follow the place; those that are behind it are left out. */
  function follow(events: readonly HeardEvent[]): readonly HeardEvent[] | undefined {
    const { revision = 0, entryId = '' } = place ?? {};
    const fresh = events.filter(({ event }) => isLater(event.entryId, entryId));
    const isGapless = fresh.every(({ event }, i) => event.revision === revision + i + 1);
    return isGapless ? fresh : undefined;
  }

  function rejoin(): void {
    episode += 1;
    isLive = false;
    held = [];
    void join(episode);
  }

  async function join(mine: number): Promise<void> {
    while (mine === episode) {
      try {
        await catchUp(mine);
        if (mine === episode && goLive()) return;
      } catch {
        await sleep(RETRY_MS);
      }
    }
  }

  /** Tells what was missed, as far as that is still there. */
  async function catchUp(mine: number): Promise<void> {
    const current = await options.deploymentId();
    if (place && deployment) {
      await readOn({ ...place, deploymentId: deployment }, current, mine);
      return;
    }
    const { head } = await read({ which: 'ALL', count: 0 });
    if (mine === episode) [deployment, place] = [current, head];
  }

  async function readOn(
    known: FeedPlace & { readonly deploymentId: string },
    current: string,
    mine: number,
  ): Promise<void> {
    let joined: Join | undefined;
    for await (const page of walkFeed(read, { known, after: known.entryId, which: 'ALL' })) {
      if (mine !== episode) return;
      deployment = current;
      joined ??= joinAt(known, current, page);
      const lost = joined === 'CONTINUE' ? take(page, known) : joined;
      if (lost) {
        place = page.head;
        onReset(lost);
        return;
      }
    }
  }

  /** Tells a page of the feed, or why it does not follow what was told. */
  function take(page: FeedPage, known: FeedPlace): ResetReason | undefined {
    const lost = whyNotAfter(place ?? known, page);
    if (!lost) tell(page.events.map((event) => ({ event, history: '' })));
    return lost;
  }

  /** Tells what was heard meanwhile; false if there is a gap before it. */
  function goLive(): boolean {
    const fresh = held.length > MOST_HELD ? undefined : follow(held);
    held = [];
    if (!fresh) return false;
    isLive = true;
    tell(fresh);
    onLive();
    return true;
  }

  return {
    heard: rejoin,
    lost() {
      episode += 1;
      isLive = false;
      held = [];
    },
    event(event, history) {
      const heard = { event, history };
      if (!isLive) {
        if (held.length <= MOST_HELD) held.push(heard);
        return;
      }
      const fresh = follow([heard]);
      if (fresh) tell(fresh);
      else rejoin();
    },
    get isLive() {
      return isLive;
    },
    get place() {
      return place;
    },
  };
}

/** Whether one entry of a stream comes after another; ids are `<ms>-<number>`, the first is empty. */
function isLater(id: string, than: string): boolean {
  const [ms = 0, number = 0] = id.split('-').map(Number);
  const [thanMs = 0, thanNumber = 0] = than.split('-').map(Number);
  return ms > thanMs || (ms === thanMs && number > thanNumber);
}
