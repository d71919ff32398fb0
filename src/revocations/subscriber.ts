import type { FeedEvent } from '../store/feed/event.ts';
import type { FeedPage, FeedPlace, FeedQuery } from '../store/feed/read-feed.ts';
import type { Join } from './core/join-feed.ts';
import { createMarks } from './marks.ts';
import { createOutgoing, type Follower } from './outgoing.ts';
import type { Events, FeedResponse, ResetReason, SnapshotPart } from './responses.ts';
import { concerns, type Tenants } from './scope.ts';
import { joinAt, lastPlace, walkFeed, whyNotAfter } from './walk-feed.ts';

/** Up to where an earlier stream has told everything. */
export interface Cursor {
  readonly deploymentId: string;
  readonly places: ReadonlyMap<number, FeedPlace>;
}

export interface SubscriberOptions {
  readonly partitions: number;
  /** Whose ends are told. */
  readonly tenants: Tenants;
  readonly cursor: Cursor | undefined;
  readonly deploymentId: string;
  /** The public keys, as a JSON Web Key Set. */
  readonly jwks: string;
  read(partition: number, query: FeedQuery): Promise<FeedPage>;
  /** The state of a partition, at the place of its source or beyond it. */
  snapshot(partition: number, place: FeedPlace): AsyncIterable<SnapshotPart>;
  /** Has `load` called for a partition, when its source is live. */
  wantLoad(partition: number): void;
  /** Resolves with what it is given: while a load waits for the subscriber to take something. */
  resting(taken: Promise<void>): Promise<void>;
}

/** What one subscriber has been told and has still to be told. */
export interface Subscriber {
  /** Changes that follow those before, in the scope of this subscriber. */
  deliver(events: Events): void;
  /** The partition's source does not join on to what it told before. */
  reset(partition: number, reason: ResetReason): void;
  /**
   * Tells the partition's state, or what the subscriber's cursor has missed. `place`: of its source.
   * Returns up to which revision, which may be ahead of the source; undefined if it began anew.
   */
  load(partition: number, place: FeedPlace): Promise<number | undefined>;
  /** Everything in these partitions that was committed before has been delivered. */
  checkpoint(renewal: number, timeMs: number, covered: ReadonlyMap<number, FeedPlace>): void;
  /** The public keys have changed. */
  keys(jwks: string): void;
  follow(follower: Follower): void;
  /** What has come since the response before; undefined at the subscription's end. */
  next(): Promise<FeedResponse | undefined>;
  end(): void;
}

/** Changes that are kept for a subscriber while it is told the state before them. */
const MOST_HELD = 10_000;

type Part = { readonly state: 'LIVE'; readonly from: number } | Loading;

interface Loading {
  readonly state: 'LOADING';
  readonly held: FeedEvent[];
  /** Up to where the subscriber has been told already; undefined for nothing. */
  known: FeedPlace | undefined;
  isBegun: boolean;
}

export function createSubscriber(options: SubscriberOptions): Subscriber {
  const { partitions, tenants, cursor, deploymentId, wantLoad } = options;
  const parts: Part[] = [];
  const marks = createMarks(partitions);
  let { jwks } = options;
  const outgoing = createOutgoing({
    resting: options.resting,
    onGaveUp() {
      put({ kind: 'keys', jwks });
      for (let p = 0; p < partitions; p += 1) reset(p, 'SLOW');
    },
  });
  const { put, putEvents, toldUpTo, room } = outgoing;

  function begin(partition: number, known?: FeedPlace): void {
    parts[partition] = { state: 'LOADING', held: [], known, isBegun: false };
    marks.lapse(partition);
    wantLoad(partition);
  }

  function reset(partition: number, reason: ResetReason): void {
    put({ kind: 'reset', partition, reason });
    begin(partition);
  }

  function tell(partition: number, events: readonly FeedEvent[], upTo: number): void {
    putEvents({ kind: 'events', partitions: [{ partition, events, upTo }] });
  }

  /** Takes pages as the subscriber takes them; ends early if the partition has begun anew meanwhile. */
  async function* asTaken<Page>(partition: number, pages: AsyncIterable<Page>) {
    const part = parts[partition];
    for await (const page of pages) {
      if (parts[partition] !== part || outgoing.isEnded) return;
      yield page;
      await room();
    }
  }

  /** Tells the state of a partition; undefined if it has begun anew meanwhile. */
  async function tellState(partition: number, at: FeedPlace): Promise<FeedPlace | undefined> {
    for await (const part of asTaken(partition, options.snapshot(partition, at))) {
      put(part, part.events.length);
      if (!part.place) continue;
      toldUpTo(partition, part.place.revision);
      return part.place;
    }
    return undefined;
  }

  /** Tells what came after a place, page by page; undefined if the partition had to begin anew. */
  async function tellSince(partition: number, part: Loading, from: FeedPlace) {
    const query = { known: from, after: from.entryId, which: 'ALL' } as const;
    const pages = walkFeed((each) => options.read(partition, each), query);
    let joined: Join | undefined;
    let place = from;
    for await (const page of asTaken(partition, pages)) {
      joined ??= joinAt({ ...from, deploymentId }, deploymentId, page);
      const lost = joined === 'CONTINUE' ? whyNotAfter(place, page) : joined;
      if (lost) {
        reset(partition, lost);
        return undefined;
      }
      place = lastPlace(page) ?? place;
      const mine = page.events.filter((event) => concerns(event, tenants));
      tell(partition, mine, place.revision);
      // Should the next page fail, it is gone on from here.
      part.known = place;
      if (page.next === undefined) return place;
    }
    return undefined;
  }

  async function tellRest(partition: number, part: Loading, place: FeedPlace) {
    const { known } = part;
    if (known?.revision === place.revision && known.entryId === place.entryId) return place;
    return known ? tellSince(partition, part, known) : tellState(partition, place);
  }

  const isLiveAfter = (partition: number, revision: number): boolean => {
    const part = parts[partition];
    return part?.state === 'LIVE' && part.from < revision;
  };

  put({ kind: 'welcome', deploymentId });
  put({ kind: 'keys', jwks });
  for (let p = 0; p < partitions; p += 1) {
    if (cursor && cursor.deploymentId !== deploymentId) reset(p, 'OTHER_DEPLOYMENT');
    else begin(p, cursor?.places.get(p));
  }

  return {
    deliver(batch) {
      // As nearly always: what is told is what all others are told.
      const isUsual = batch.partitions.every(({ partition, events, upTo }) =>
        isLiveAfter(partition, events[0]?.revision ?? upTo),
      );
      if (isUsual) return putEvents(batch);
      for (const { partition, events, upTo } of batch.partitions) {
        const part = parts[partition];
        if (part?.state === 'LOADING') {
          part.held.push(...events);
          if (part.held.length > MOST_HELD) reset(partition, 'SLOW');
        } else if (part) {
          const fresh = events.filter(({ revision }) => revision > part.from);
          tell(partition, fresh, upTo);
        }
      }
    },
    reset,
    async load(partition, place) {
      const part = parts[partition];
      if (part?.state !== 'LOADING' || part.isBegun || outgoing.isEnded) return undefined;
      part.isBegun = true;
      const upTo = await tellRest(partition, part, place).finally(() => {
        part.isBegun = false;
      });
      if (!upTo || parts[partition] !== part) return undefined;
      parts[partition] = { state: 'LIVE', from: upTo.revision };
      const held = part.held.filter(({ revision }) => revision > upTo.revision);
      tell(partition, held, held.at(-1)?.revision ?? upTo.revision);
      return upTo.revision;
    },
    checkpoint(renewal, timeMs, covered) {
      const live = (p: number) => {
        const part = parts[p];
        return part?.state === 'LIVE' ? part.from : undefined;
      };
      const { moved, uncovered } = marks.take(timeMs, covered, live);
      put({ kind: 'checkpoint', renewal, timeMs, moved, uncovered });
    },
    keys(changed) {
      jwks = changed;
      put({ kind: 'keys', jwks });
    },
    follow: outgoing.follow,
    next: outgoing.next,
    end: outgoing.end,
  };
}
