import type { FeedEvent } from '../store/feed/event.ts';
import type { FeedPage, FeedPlace, FeedQuery } from '../store/feed/read-feed.ts';
import type { Join } from './core/join-feed.ts';
import { createOutbox } from './core/outbox.ts';
import { createMarks } from './marks.ts';
import type { Events, FeedPart, FeedResponse, ResetReason, SnapshotPart } from './responses.ts';
import { concerns, type Tenants } from './scope.ts';
import { joinAt, lastPlace, walkFeed, whyNotAfter } from './walk-feed.ts';

/** Up to where an earlier stream has told everything. */
export interface Cursor {
  readonly deploymentId: string;
  readonly places: ReadonlyMap<number, FeedPlace>;
}

/** A partition's events up to a revision are in the responses up to a sequence. */
export interface Told {
  readonly partition: number;
  readonly revision: number;
  readonly sequence: number;
}

/** Whoever follows what a subscriber has been told. */
export interface Follower {
  told(told: Told): void;
  /** Everything that was not taken yet has been given up. */
  gaveUp(): void;
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

/** What a subscriber may leave unread, by estimate, before it is reset: 4 MiB. */
const MOST_BYTES = 4_194_304;
/** What goes into one response, by estimate: more is told by the next one. */
const RESPONSE_BYTES = 65_536;
/** Changes that are kept for a subscriber while it is told the state before them. */
const MOST_HELD = 10_000;
const BYTES = { event: 160, part: 64 };

type Part = { readonly state: 'LIVE'; readonly from: number } | Loading;

interface Loading {
  readonly state: 'LOADING';
  readonly held: FeedEvent[];
  /** Up to where the subscriber has been told already; undefined for nothing. */
  known: FeedPlace | undefined;
  isBegun: boolean;
}

/** A part on its way, and up to which revisions partitions are told with it, besides its events. */
interface Item {
  readonly part: FeedPart;
  readonly bytes: number;
  brings?: Map<number, number>;
}

export function createSubscriber(options: SubscriberOptions): Subscriber {
  const { partitions, tenants, cursor, deploymentId, wantLoad } = options;
  const outbox = createOutbox<Item>(MOST_BYTES);
  const parts: Part[] = [];
  const marks = createMarks(partitions);
  let queued = 0;
  /** What was put last, until it is taken. */
  let newest: Item | undefined;
  /** The number of the response that was taken last. */
  let taken = 0;
  let follower: Follower | undefined;
  let { jwks } = options;
  let isEnded = false;
  let wake: (() => void) | undefined;
  /** Whoever waits for room: partitions are told several at a time. */
  let roomy: (() => void)[] = [];

  function put(part: FeedPart, events = 0): void {
    const bytes = BYTES.part + BYTES.event * events;
    newest = { part, bytes };
    queued += bytes;
    outbox.put(newest, bytes);
    wake?.();
  }

  function begin(partition: number, known?: FeedPlace): void {
    parts[partition] = { state: 'LOADING', held: [], known, isBegun: false };
    marks.lapse(partition);
    wantLoad(partition);
  }

  function reset(partition: number, reason: ResetReason): void {
    put({ kind: 'reset', partition, reason });
    begin(partition);
  }

  function putEvents(events: Events): void {
    const count = events.partitions.reduce((sum, each) => sum + each.events.length, 0);
    if (count > 0) put(events, count);
    else for (const { partition, upTo } of events.partitions) toldUpTo(partition, upTo);
  }

  /** With whatever is on its way. */
  function toldUpTo(partition: number, revision: number): void {
    if (!newest) follower?.told({ partition, revision, sequence: taken });
    else if (follower) {
      newest.brings ??= new Map();
      newest.brings.set(partition, revision);
    }
  }

  function tell(partition: number, events: readonly FeedEvent[], upTo: number): void {
    putEvents({ kind: 'events', partitions: [{ partition, events, upTo }] });
  }

  function makeRoom(): void {
    const waiting = roomy;
    roomy = [];
    for (const go of waiting) go();
  }

  /** Waits until half of what may be unread has been taken. */
  async function room(): Promise<void> {
    while (queued > MOST_BYTES / 2 && !isEnded) {
      const { promise, resolve } = Promise.withResolvers<void>();
      roomy.push(resolve);
      await options.resting(promise);
    }
  }

  /** Takes pages as the subscriber takes them; ends early if the partition has begun anew meanwhile. */
  async function* asTaken<Page>(partition: number, pages: AsyncIterable<Page>) {
    const part = parts[partition];
    for await (const page of pages) {
      if (parts[partition] !== part || isEnded) return;
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

  /** A subscriber that does not take its responses loses all of them, and begins anew. */
  function beginAnew(): void {
    queued = 0;
    newest = undefined;
    follower?.gaveUp();
    put({ kind: 'keys', jwks });
    for (let p = 0; p < partitions; p += 1) reset(p, 'SLOW');
  }

  function report({ part, brings = new Map() }: Item, { told }: Follower): void {
    if (part.kind === 'events') {
      for (const { partition, upTo } of part.partitions) {
        told({ partition, revision: upTo, sequence: taken });
      }
    }
    for (const [partition, revision] of brings) told({ partition, revision, sequence: taken });
  }

  function take(): FeedResponse | undefined {
    if (outbox.takeOverflow()) beginAnew();
    const next = outbox.take(RESPONSE_BYTES);
    if (!next) return undefined;
    const { sequence, items } = next;
    taken = sequence;
    for (const item of items) {
      queued -= item.bytes;
      if (follower) report(item, follower);
    }
    if (items.at(-1) === newest) newest = undefined;
    makeRoom();
    return { sequence, parts: items.map(({ part }) => part) };
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
      if (part?.state !== 'LOADING' || part.isBegun || isEnded) return undefined;
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
    follow(whoever) {
      follower = whoever;
    },
    async next() {
      while (!isEnded) {
        const response = take();
        if (response) return response;
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        await promise;
        // Whatever is told in this turn of the event loop goes together.
        await new Promise(setImmediate);
      }
      return undefined;
    },
    end() {
      isEnded = true;
      wake?.();
      makeRoom();
    },
  };
}
