import { createOutbox } from './core/outbox.ts';
import type { Events, FeedPart, FeedResponse } from './responses.ts';

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

/** What is on its way to one subscriber, in order and bounded. */
export interface Outgoing {
  /** `events`: how many it has. */
  put(part: FeedPart, events?: number): void;
  /** Leaves out what has no events, and says up to where it would have told. */
  putEvents(events: Events): void;
  /** A partition is told up to a revision with whatever is on its way. */
  toldUpTo(partition: number, revision: number): void;
  /** Waits until half of what may be unread has been taken. */
  room(): Promise<void>;
  follow(follower: Follower): void;
  /** What has come since the response before; undefined at the subscription's end. */
  next(): Promise<FeedResponse | undefined>;
  end(): void;
  readonly isEnded: boolean;
}

export interface OutgoingOptions {
  /** Everything that was not taken yet has been given up, for it was too much. */
  onGaveUp(): void;
  /** Resolves with what it is given: while somebody waits for room. */
  resting(taken: Promise<void>): Promise<void>;
}

/** What a subscriber may leave unread, by estimate, before it is reset: 4 MiB. */
const MOST_BYTES = 4_194_304;
/** What goes into one response, by estimate: more is told by the next one. */
const RESPONSE_BYTES = 65_536;
const BYTES = { event: 160, part: 64 };

/** A part on its way, and up to which revisions partitions are told with it, besides its events. */
interface Item {
  readonly part: FeedPart;
  readonly bytes: number;
  brings?: Map<number, number>;
}

export function createOutgoing({ onGaveUp, resting }: OutgoingOptions): Outgoing {
  const outbox = createOutbox<Item>(MOST_BYTES);
  let queued = 0;
  /** What was put last, until it is taken. */
  let newest: Item | undefined;
  /** The number of the response that was taken last. */
  let taken = 0;
  let follower: Follower | undefined;
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

  function toldUpTo(partition: number, revision: number): void {
    if (!newest) follower?.told({ partition, revision, sequence: taken });
    else if (follower) {
      newest.brings ??= new Map();
      newest.brings.set(partition, revision);
    }
  }

  function makeRoom(): void {
    const waiting = roomy;
    roomy = [];
    for (const go of waiting) go();
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
    if (outbox.takeOverflow()) {
      queued = 0;
      newest = undefined;
      follower?.gaveUp();
      onGaveUp();
    }
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

  return {
    put,
    putEvents(events) {
      const count = events.partitions.reduce((sum, each) => sum + each.events.length, 0);
      if (count > 0) put(events, count);
      else for (const { partition, upTo } of events.partitions) toldUpTo(partition, upTo);
    },
    toldUpTo,
    async room() {
      while (queued > MOST_BYTES / 2 && !isEnded) {
        const { promise, resolve } = Promise.withResolvers<void>();
        roomy.push(resolve);
        await resting(promise);
      }
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
    get isEnded() {
      return isEnded;
    },
  };
}
