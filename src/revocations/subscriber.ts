import type { FeedEvent } from '../store/feed/event.ts';
import type { FeedPage, FeedPlace, FeedQuery } from '../store/feed/read-feed.ts';
import { decodeId } from '../store/scripts/keys.ts';
import { createOutbox } from './core/outbox.ts';
import type { Events, FeedResponse, ResetReason } from './responses.ts';
import { joinAt, walkFeed } from './walk-feed.ts';

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
  readonly tenants: ReadonlySet<string> | '*';
  readonly cursor: Cursor | undefined;
  readonly deploymentId: string;
  /** The public keys, as a JSON Web Key Set. */
  readonly jwks: string;
  read(partition: number, query: FeedQuery): Promise<FeedPage>;
  /** Has `load` called for a partition, when its source is live. */
  wantLoad(partition: number): void;
}

/** What one subscriber has been told and has still to be told. */
export interface Subscriber {
  /** Changes of a partition that follow those before. */
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
  /** The next response, with its number on the stream; undefined at the subscription's end. */
  next(): Promise<{ readonly sequence: number; readonly response: FeedResponse } | undefined>;
  end(): void;
}

/** What a subscriber may leave unread, by estimate, before it is reset: 4 MiB. */
const MOST_BYTES = 4_194_304;
/** Changes that are kept for a subscriber while it is told the state before them. */
const MOST_HELD = 10_000;
const BYTES = { event: 160, response: 64 };

type Part =
  | { readonly state: 'LIVE'; readonly from: number }
  | {
      readonly state: 'LOADING';
      readonly held: FeedEvent[];
      readonly known?: FeedPlace | undefined;
    };

export function createSubscriber(options: SubscriberOptions): Subscriber {
  const { partitions, tenants, cursor, deploymentId, wantLoad } = options;
  const outbox = createOutbox<{ readonly response: FeedResponse; readonly bytes: number }>(
    MOST_BYTES,
  );
  const parts: Part[] = [];
  /** The revision that the last checkpoint told of each partition. */
  const marked: (number | undefined)[] = [];
  let queued = 0;
  /** Of the newest response that was put, and of the newest that was taken. */
  let sequence = 0;
  let taken = 0;
  let follower: Follower | undefined;
  let { jwks } = options;
  let isEnded = false;
  let wake: (() => void) | undefined;
  let roomy: (() => void) | undefined;

  function put(response: FeedResponse): void {
    const count = 'events' in response ? response.events.length : 0;
    const bytes = BYTES.response + BYTES.event * count;
    queued += bytes;
    sequence += 1;
    outbox.put({ response, bytes }, bytes);
    wake?.();
  }

  function begin(partition: number, known?: FeedPlace): void {
    parts[partition] = { state: 'LOADING', held: [], known };
    marked[partition] = undefined;
    wantLoad(partition);
  }

  function reset(partition: number, reason: ResetReason): void {
    put({ kind: 'reset', partition, reason });
    begin(partition);
  }

  const isMine = (event: FeedEvent): boolean => {
    if (event.kind === 'ISSUE' || event.kind === 'FENCE') return false;
    if (tenants === '*') return true;
    const tenant = tenantOf(event);
    return tenant === undefined || tenants.has(tenant);
  };

  function tell(partition: number, events: readonly FeedEvent[], upTo: number): void {
    const mine = events.filter(isMine);
    if (mine.length > 0) put({ kind: 'events', partition, events: mine, upTo });
    else follower?.told({ partition, revision: upTo, sequence });
  }

  /** Waits until half of what may be unread has been taken. */
  async function room(): Promise<void> {
    while (queued > MOST_BYTES / 2 && !isEnded) {
      const { promise, resolve } = Promise.withResolvers<void>();
      roomy = resolve;
      await promise;
    }
  }

  /** Reads the feed as the subscriber takes it; ends early if the partition has begun anew meanwhile. */
  async function* read(partition: number, query: Omit<FeedQuery, 'count'>) {
    const part = parts[partition];
    for await (const page of walkFeed((each) => options.read(partition, each), query)) {
      if (parts[partition] !== part || isEnded) return;
      yield page;
      await room();
    }
  }

  /** Tells the state of a partition; undefined if it has begun anew meanwhile. */
  async function tellState(partition: number): Promise<FeedPlace | undefined> {
    let first = true;
    for await (const page of read(partition, { which: 'STANDING' })) {
      const last = page.next === undefined;
      const place = last ? page.head : undefined;
      const events = page.events.filter(isMine);
      put({ kind: 'snapshot', partition, first, last, events, place });
      if (place) return place;
      first = false;
    }
    return undefined;
  }

  /** Tells what came after a place; undefined if the partition had to begin anew. */
  async function tellSince(partition: number, known: FeedPlace): Promise<FeedPlace | undefined> {
    let isFirst = true;
    for await (const page of read(partition, { known, after: known.entryId, which: 'ALL' })) {
      const joined = isFirst ? joinAt({ ...known, deploymentId }, deploymentId, page) : 'CONTINUE';
      if (joined !== 'CONTINUE') {
        reset(partition, joined);
        return undefined;
      }
      isFirst = false;
      tell(partition, page.events, page.events.at(-1)?.revision ?? page.head.revision);
      if (page.next === undefined) return page.head;
    }
    return undefined;
  }

  function report({ response }: { response: FeedResponse }): void {
    if (response.kind !== 'events' && response.kind !== 'snapshot') return;
    const revision = response.kind === 'events' ? response.upTo : response.place?.revision;
    if (revision === undefined) return;
    follower?.told({ partition: response.partition, revision, sequence: taken });
  }

  /** A subscriber that does not take its responses loses all of them, and begins anew. */
  function beginAnew(): void {
    queued = 0;
    sequence = taken;
    follower?.gaveUp();
    put({ kind: 'keys', jwks });
    for (let p = 0; p < partitions; p += 1) reset(p, 'SLOW');
  }

  put({ kind: 'welcome', deploymentId });
  put({ kind: 'keys', jwks });
  for (let p = 0; p < partitions; p += 1) {
    if (cursor && cursor.deploymentId !== deploymentId) reset(p, 'OTHER_DEPLOYMENT');
    else begin(p, cursor?.places.get(p));
  }

  return {
    deliver(response) {
      const { partition, events, upTo } = response;
      const part = parts[partition];
      if (part?.state === 'LOADING') {
        part.held.push(...events);
        if (part.held.length > MOST_HELD) reset(partition, 'SLOW');
      } else if (part && part.from < (events[0]?.revision ?? 0) && tenants === '*') {
        put(response);
      } else if (part) {
        const fresh = events.filter(({ revision }) => revision > part.from);
        tell(partition, fresh, upTo);
      }
    },
    reset,
    async load(partition, place) {
      const part = parts[partition];
      if (part?.state !== 'LOADING' || isEnded) return undefined;
      const { known } = part;
      const isThere = known?.revision === place.revision && known.entryId === place.entryId;
      const tellRest = () => (known ? tellSince(partition, known) : tellState(partition));
      const upTo = isThere ? place : await tellRest();
      if (!upTo || parts[partition] !== part) return undefined;
      parts[partition] = { state: 'LIVE', from: upTo.revision };
      const held = part.held.filter(({ revision }) => revision > upTo.revision);
      tell(partition, held, held.at(-1)?.revision ?? upTo.revision);
      return upTo.revision;
    },
    checkpoint(renewal, timeMs, covered) {
      const moved: { partition: number; place: FeedPlace }[] = [];
      const uncovered: number[] = [];
      for (let p = 0; p < partitions; p += 1) {
        const place = covered.get(p);
        const part = parts[p];
        if (!place || part?.state !== 'LIVE') uncovered.push(p);
        // Where the snapshot went further than its source has come yet, that is told later.
        else if (place.revision >= part.from && marked[p] !== place.revision) {
          marked[p] = place.revision;
          moved.push({ partition: p, place });
        }
      }
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
        if (outbox.takeOverflow()) beginAnew();
        const next = outbox.take();
        if (next) {
          taken = next.sequence;
          queued -= next.item.bytes;
          roomy?.();
          report(next.item);
          return { sequence: taken, response: next.item.response };
        }
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        await promise;
      }
      return undefined;
    },
    end() {
      isEnded = true;
      wake?.();
      roomy?.();
    },
  };
}

/** The tenant that an event is about; undefined if it is about more than one. */
function tenantOf({ kind, member }: FeedEvent): string | undefined {
  if (kind === 'REVOKE_TENANT') return member.slice('t:'.length);
  if (kind === 'REVOKE_KEY' || kind === 'REVOKE_ALL') return undefined;
  return decodeId(member.slice(0, member.indexOf(':')));
}
