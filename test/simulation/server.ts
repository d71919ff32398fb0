import type { FeedPlace } from '../../packages/edge/src/core/feed-message.ts';
import { createLeaseBook } from '../../src/revocations/core/lease-book.ts';
import {
  type Acknowledged,
  createTableObserver,
  type TableEntry,
} from '../../src/revocations/core/lease-table.ts';
import type { LeaseTerms } from '../../src/revocations/core/lease-terms.ts';
import { createOutbox, type Outbox } from '../../src/revocations/core/outbox.ts';
import { createRenewals, type RenewalStep } from '../../src/revocations/core/renewals.ts';
import { createSightings } from '../../src/revocations/core/sightings.ts';
import { createAsking } from './asking.ts';
import {
  committedBefore,
  continues,
  eventOf,
  LEASE_MS,
  placeOf,
  type Queued,
  snapshotOf,
  WELCOME,
} from './feed-parts.ts';
import { createRevoking, type Told } from './revoking.ts';
import { DEPOSED_MS, type Entry, isLive, type Node, type Store } from './store.ts';
import type { Connection, Server, Subscriber } from './subscriber.ts';
import { type Channel, createChannel, createClock, type World } from './world.ts';

export const TERMS: LeaseTerms = { leaseMs: LEASE_MS, deposedMs: DEPOSED_MS };
/** Large enough for the usual, small enough to overflow when an edge sleeps. */
const OUTBOX_BYTES = 12;
/** Parts in a message. */
const MOST_AT_ONCE = 3;

interface Attached {
  readonly id: string;
  readonly subscriber: Subscriber;
  readonly outbox: Outbox<Queued>;
  readonly channel: Channel;
  /** Of partitions that are being read: what has come meanwhile. */
  readonly reading: Map<number, Entry[]>;
  /** Where each partition is told up to. */
  readonly told: Map<number, FeedPlace>;
  open: boolean;
}

/** What a server hears of one partition. */
interface Source {
  node: Node;
  channel: Channel;
  listener: (entry: Entry) => void;
  /** Undefined until it is known where the feed stands. */
  heard: FeedPlace | undefined;
  early: Entry[];
}

export function createServer(world: World, name: string, store: Store, told: Told): Server {
  const { random } = world;
  const clock = createClock(world);
  const book = createLeaseBook(TERMS);
  const renewals = createRenewals();
  const sightings = createSightings(TERMS);
  const observer = createTableObserver(TERMS);
  const attached = new Map<string, Attached>();
  const acknowledged = new Map<number, Acknowledged>();
  const sources: Source[] = [];
  /** Up to where each partition was heard, of whichever primary. */
  const heardUpTo = new Map<number, FeedPlace>();
  /** By its own connections; nothing that is promised rests on it. */
  const slowestToNoticeMs = random.pick([DEPOSED_MS, 4 * DEPOSED_MS]);
  let registration = 0;
  let edgesMade = 0;
  let isUp = true;

  const nowMs = () => clock.monotonicMs();
  const up = { isUp: () => isUp, nowMs };
  const { ask, saw } = createAsking(world, store, sightings, up);
  const nodeOf = (partition: number) => (sources[partition] as Source).node;
  const revoke = createRevoking({
    ...{ name, world, store, terms: TERMS, sightings, observer, told, ask, nodeOf },
    ...up,
  });

  // --- hearing -----------------------------------------------------------------------------------

  function listen(partition: number): void {
    const node = store.primaries[partition] as Node;
    const channel = createChannel(world);
    const source: Source = { node, channel, heard: undefined, early: [], listener: () => {} };
    source.listener = (entry) => channel.send(() => isUp && hear(source, entry));
    node.listeners.add(source.listener);
    sources[partition] = source;
    catchUp(source);
    world.after(random.between(5, slowestToNoticeMs), () => follow(source));
  }

  /** Notices sooner or later that there is another primary. */
  function follow(source: Source): void {
    if (!isUp || sources[source.node.partition] !== source) return;
    if (store.isPrimary(source.node) && store.answers(source.node)) {
      world.after(random.between(50, slowestToNoticeMs), () => follow(source));
    } else {
      loseSource(source.node.partition);
    }
  }

  function loseSource(partition: number): void {
    const source = sources[partition];
    if (source === undefined) return;
    source.channel.cut();
    source.node.listeners.delete(source.listener);
    listen(partition);
  }

  function catchUp(source: Source): void {
    const { node } = source;
    ask(
      node,
      () => store.read(node),
      (log) => {
        if (sources[node.partition] !== source) return;
        if (log === undefined) return loseSource(node.partition);
        const before = heardUpTo.get(node.partition);
        source.heard = placeOf(node.partition, log.at(-1));
        heardUpTo.set(node.partition, source.heard);
        // What was missed may be awaited, by whomever.
        for (const entry of log.slice(before?.revision ?? log.length)) waitFor(source, entry);
        // Each subscriber may have read further than was heard, of a history that is lost.
        for (const to of attached.values()) {
          const told = to.told.get(node.partition);
          if (told === undefined || to.reading.has(node.partition)) continue;
          if (continues(told, log)) {
            for (const entry of log.slice(told.revision)) tell(to, node.partition, entry);
          } else reset(to, node.partition);
        }
        acknowledge();
        const early = source.early;
        source.early = [];
        for (const entry of early) hear(source, entry);
      },
    );
  }

  function hear(source: Source, entry: Entry): void {
    if (sources[source.node.partition] !== source) return;
    if (source.heard === undefined) {
      source.early.push(entry);
      return;
    }
    if (entry.revision <= source.heard.revision) return;
    source.heard = placeOf(source.node.partition, entry);
    heardUpTo.set(source.node.partition, source.heard);
    tellAll(source, entry);
  }

  function tellAll(source: Source, entry: Entry): void {
    waitFor(source, entry);
    for (const to of attached.values()) tell(to, source.node.partition, entry);
    acknowledge();
  }

  function waitFor({ node }: Source, { awaited, revision }: Entry): void {
    const { partition, name: primary } = node;
    if (awaited) book.awaited({ partition, revision, primary }, nowMs());
  }

  // --- telling -----------------------------------------------------------------------------------

  function tell(to: Attached, partition: number, entry: Entry): void {
    const reading = to.reading.get(partition);
    if (reading) {
      reading.push(entry);
      return;
    }
    if (entry.revision <= (to.told.get(partition)?.revision ?? 0)) return;
    to.told.set(partition, placeOf(partition, entry));
    const event = eventOf(entry);
    if (event === undefined) return;
    const brings = { partition, revision: entry.revision };
    put(to, { part: { kind: 'EVENTS', events: [{ ...event, partition }] }, brings });
  }

  function put(to: Attached, queued: Queued): void {
    to.outbox.put(queued, 1);
    flush(to);
  }

  function flush(to: Attached): void {
    while (to.open && to.subscriber.readsNow()) {
      if (to.outbox.takeOverflow()) {
        world.note(() => `${name} gives up what was kept for ${to.id}`);
        for (const source of sources) reset(to, source.node.partition);
      }
      const next = to.outbox.take(random.between(1, MOST_AT_ONCE));
      if (next === undefined) return;
      const { sequence, items } = next;
      for (const { brings } of items) if (brings) book.told(to.id, { ...brings, sequence });
      const message = { sequence, parts: items.map(({ part }) => part) };
      const delivered = { message, committed: committedBefore(items) };
      to.channel.send(() => to.subscriber.deliver(delivered));
    }
  }

  function reset(to: Attached, partition: number): void {
    world.note(() => `${name} resets partition ${partition} of ${to.id}`);
    put(to, { part: { kind: 'RESET', partition } });
    read(to, partition, undefined);
  }

  /** Tells the state of a partition as it is at its primary, or what has come since a place. */
  function read(to: Attached, partition: number, from: FeedPlace | undefined): void {
    const source = sources[partition] as Source;
    const meanwhile: Entry[] = [];
    to.reading.set(partition, meanwhile);
    const again = () => {
      if (to.open && to.reading.get(partition) === meanwhile) read(to, partition, from);
    };
    if (source.heard === undefined) {
      world.after(world.slowestMs / 4, again);
      return;
    }
    ask(
      source.node,
      () => store.read(source.node),
      (log) => {
        if (!to.open || to.reading.get(partition) !== meanwhile) return;
        if (log === undefined || sources[partition] !== source) return again();
        const joins = from !== undefined && continues(from, log);
        if (from && !joins) put(to, { part: { kind: 'RESET', partition } });
        to.reading.delete(partition);
        const since = from && joins ? from.revision : 0;
        to.told.set(partition, from && joins ? from : placeOf(partition, log.at(-1)));
        if (!joins) for (const part of snapshotOf(partition, log)) to.outbox.put(part, 1);
        flush(to);
        for (const entry of [...log.slice(since), ...meanwhile]) tell(to, partition, entry);
        acknowledge();
      },
    );
  }

  // --- leases ------------------------------------------------------------------------------------

  function step(next: RenewalStep | undefined): void {
    if (next === undefined || !isUp) return;
    if (next.step === 'REGISTER') {
      registration += 1;
      const { round } = next;
      write((done) => {
        if (done) step(renewals.registered(round));
        else renewals.failed(round);
      });
    } else if (next.step === 'CHECKPOINT') checkpoint(next.round);
    else grant(next.renewals);
  }

  function entryNow(): TableEntry {
    return {
      server: name,
      registration: String(registration),
      edges: book.edges(nowMs()),
      acknowledged: new Map(acknowledged),
    };
  }

  function write(then: (done: boolean) => void): void {
    const { node } = sources[0] as Source;
    const entry = entryNow();
    ask(
      node,
      () => {
        const { entries } = node.table;
        // An earlier one that took longer must not take the place of a later one.
        const before = Number(entries.get(name)?.registration ?? 0);
        if (before > Number(entry.registration)) return true;
        if (entry.edges > 0) entries.set(name, entry);
        else entries.delete(name);
        return true;
      },
      (done) => then(done === true),
    );
  }

  /** Takes the entry out when the last lease is over. */
  function takeOut(): void {
    if (!isUp) return;
    if (book.edges(nowMs()) === 0) write(() => {});
    world.after(LEASE_MS / 2, takeOut);
  }

  function acknowledge(): void {
    const done = book.takeAcknowledged(nowMs());
    if (done.length === 0) return;
    for (const { partition, revision, primary } of done)
      acknowledged.set(partition, { revision, primary });
    write(() => {});
  }

  let committed = new Map<number, readonly Entry[]>();
  let uncovered: number[] = [];
  let timeMs = 0;

  function checkpoint(round: number): void {
    committed = new Map();
    uncovered = [];
    let open = sources.length;
    const asked = [...sources];
    for (const source of asked) {
      const { partition } = source.node;
      marker(source, (log) => {
        if (log !== undefined && source.heard !== undefined) committed.set(partition, log);
        open -= 1;
        if (open > 0) return;
        // A source that was lost meanwhile may have told another history.
        for (const { node } of asked.filter((one) => sources[one.node.partition] !== one)) {
          committed.delete(node.partition);
        }
        uncovered = asked.map(({ node }) => node.partition).filter((p) => !committed.has(p));
        step(renewals.checkpointed(round));
      });
    }
  }

  /** A message on the channel, after everything that was committed before it. */
  function marker(source: Source, then: (log: readonly Entry[] | undefined) => void): void {
    const { node, channel } = source;
    let isDone = false;
    const done = (log: readonly Entry[] | undefined) => {
      if (isDone || !isUp) return;
      isDone = true;
      then(sources[node.partition] === source ? log : undefined);
    };
    world.after(random.next() ** 3 * world.slowestMs, () => {
      if (!store.answers(node)) return;
      timeMs = 1_000_000 + world.now() + node.clockAheadMs;
      const log = [...node.log];
      channel.send(() => {
        saw(node);
        done(log);
      });
    });
    world.after(3 * world.slowestMs, () => done(undefined));
  }

  function grant(granted: ReadonlyMap<string, number>): void {
    for (const [id, to] of attached) {
      const reading = [...to.reading.keys()];
      const left = [...new Set([...uncovered, ...reading])];
      const moved = [...to.told.values()].filter(({ partition }) => !left.includes(partition));
      const part = {
        kind: 'CHECKPOINT' as const,
        renewal: granted.get(id) ?? 0,
        timeMs,
        moved,
        uncovered: left,
      };
      const covered = [...committed].filter(([partition]) => !left.includes(partition));
      put(to, { part, committed: new Map(covered) });
    }
    step(renewals.begin());
  }

  // --- edges -------------------------------------------------------------------------------------

  function subscribe(subscriber: Subscriber): Connection | undefined {
    if (!isUp) return undefined;
    edgesMade += 1;
    const id = `${name}/${edgesMade}`;
    const to: Attached = {
      id,
      subscriber,
      outbox: createOutbox(OUTBOX_BYTES),
      channel: createChannel(world),
      reading: new Map(),
      told: new Map(),
      open: true,
    };
    attached.set(id, to);
    put(to, { part: WELCOME });
    for (const { node } of sources) read(to, node.partition, subscriber.cursor.get(node.partition));

    function cut(): void {
      if (!to.open) return;
      to.open = false;
      to.channel.cut();
      attached.delete(id);
      renewals.left(id);
      book.left(id);
    }
    return {
      renew(renewal, applied) {
        if (!isUp || !to.open) return;
        book.applied(id, applied);
        book.renewed(id, nowMs());
        renewals.asked(id, renewal);
        acknowledge();
        step(renewals.begin());
      },
      acknowledge(applied) {
        if (!isUp || !to.open) return;
        book.applied(id, applied);
        acknowledge();
      },
      reads: () => flush(to),
      cut,
    };
  }

  for (const node of store.primaries) listen(node.partition);
  takeOut();

  return {
    name,
    subscribe,
    revoke,
    validate(token, then) {
      const node = nodeOf(token.partition);
      if (isUp)
        ask(
          node,
          () => isLive(node.log, token),
          (live) => live !== undefined && then(live),
        );
    },
    loseSource,
    stop() {
      isUp = false;
      for (const source of sources) {
        source.channel.cut();
        source.node.listeners.delete(source.listener);
      }
      for (const to of attached.values()) {
        to.open = false;
        to.channel.cut();
        to.subscriber.closed();
      }
    },
    get isUp() {
      return isUp;
    },
  };
}
