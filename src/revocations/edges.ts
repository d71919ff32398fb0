import { setTimeout as sleep } from 'node:timers/promises';
import type {
  AppliedUpTo,
  LeaseEntry,
  LeaseTable,
  TableChange,
} from '../store/feed/lease-table.ts';
import { gatherMs } from './audience.ts';
import { type Awaited, createLeaseBook } from './core/lease-book.ts';
import type { TableObserver } from './core/lease-table.ts';
import { surelyMs } from './core/lease-terms.ts';
import { createRenewals } from './core/renewals.ts';
import type { Coverage } from './hub.ts';
import type { Told } from './outgoing.ts';
import type { Subscriber } from './subscriber.ts';

/** One connection of one edge. */
export interface Edge {
  /** It asks for a lease, and has applied every response up to a sequence. */
  renew(renewal: number, applied: number): void;
  applied(sequence: number): void;
  /** A response was taken, or left out because nothing in it was for this edge. */
  told(told: Told): void;
  /** Everything that was not taken yet has been given up. */
  gaveUp(): void;
  /** Its connection has ended. */
  leave(): void;
}

export interface Edges {
  join(subscriber: Subscriber): Edge;
  /** A change has come that somebody waits for. */
  awaited(place: Awaited): void;
  /** How many may be answering by themselves. */
  count(): number;
  close(): Promise<void>;
}

export interface EdgesOptions {
  /** Names this server's incarnation. */
  readonly server: string;
  readonly leaseMs: number;
  readonly observer: TableObserver;
  /** Changes the lease table; whoever reads it tells the observer. */
  change(change: TableChange): Promise<LeaseTable>;
  vouch(): Promise<Coverage>;
  now(): number;
}

/** Between two rounds, at least: what one costs at Redis does not grow with the renewals. */
const ROUND_GAP_MS = 20;
const RETRY_MS = 100;

/**
 * This server's edges. Redis sees one entry for all of them: it is written before a lease is granted,
 * says what all of them have applied, and is taken out when all leases are over.
 */
export function createEdges(options: EdgesOptions): Edges {
  const { server, leaseMs, observer, change, vouch, now } = options;
  const book = createLeaseBook({ leaseMs });
  const renewals = createRenewals();
  const subscribers = new Map<string, Subscriber>();
  const acknowledged = new Map<number, AppliedUpTo & { readonly untilMs: number }>();
  let registration = 0;
  let joined = 0;
  let isInTable = false;
  let isPumping = false;
  let isClosed = false;
  let gone: readonly LeaseEntry[] = [];
  let saving: Promise<void> | undefined;
  let saveNext: Promise<void> | undefined;
  let leaving: NodeJS.Timeout | undefined;

  function entry(): LeaseEntry {
    const nowMs = now();
    for (const [partition, { untilMs }] of acknowledged) {
      if (untilMs <= nowMs) acknowledged.delete(partition);
    }
    const edges = book.edges(nowMs);
    return {
      server,
      registration: String(registration),
      edges,
      acknowledged: new Map(acknowledged),
    };
  }

  /** Writes the entry as it is when its turn comes; resolves when that is in the table. */
  function save(): Promise<void> {
    if (saving !== undefined) {
      saveNext ??= saving
        .catch(() => undefined)
        .then(() => {
          saveNext = undefined;
          return save();
        });
      return saveNext;
    }
    const write = entry();
    saving = change({ write, gone })
      .then(({ entries }) => {
        isInTable = write.edges > 0;
        const nowMs = now();
        gone = entries.filter((each) => each.server !== server && observer.isOver(each, nowMs));
      })
      .finally(() => {
        saving = undefined;
      });
    return saving;
  }

  function acknowledge(): void {
    const nowMs = now();
    const taken = book.takeAcknowledged(nowMs);
    for (const { partition, revision, primary } of taken) {
      const before = acknowledged.get(partition);
      if (before && before.primary === primary && before.revision > revision) continue;
      const untilMs = nowMs + 2 * surelyMs(leaseMs);
      acknowledged.set(partition, { revision, primary, untilMs });
    }
    // If it cannot be written, whoever waits waits for the leases.
    if (taken.length > 0 && isInTable) save().catch(() => undefined);
  }

  async function pump(): Promise<void> {
    if (isPumping) return;
    isPumping = true;
    try {
      for (;;) {
        const begun = renewals.begin();
        if (begun?.step !== 'REGISTER' || isClosed) return;
        const granted = await round(begun.round);
        const gapMs = Math.max(ROUND_GAP_MS, gatherMs(subscribers.size));
        await sleep(granted ? gapMs : RETRY_MS);
      }
    } finally {
      isPumping = false;
    }
  }

  async function round(number: number): Promise<boolean> {
    try {
      registration = number;
      await save();
      if (renewals.registered(number)?.step !== 'CHECKPOINT') return false;
      const { timeMs, places } = await vouch();
      if (places.size === 0) throw new Error('nobody vouches');
      const step = renewals.checkpointed(number);
      if (step?.step !== 'GRANT') return false;
      for (const [edge, renewal] of step.renewals) {
        subscribers.get(edge)?.checkpoint(renewal, timeMs, places);
      }
      return true;
    } catch {
      renewals.failed(number);
      return false;
    } finally {
      acknowledge();
      takeOutLater();
    }
  }

  /** Takes the entry out when the last lease is over. */
  function takeOutLater(): void {
    leaving ??= setTimeout(() => {
      leaving = undefined;
      if (book.edges(now()) > 0) takeOutLater();
      else if (isInTable) save().catch(takeOutLater);
    }, surelyMs(leaseMs) / 2).unref();
  }

  return {
    join(subscriber) {
      joined += 1;
      const edge = String(joined);
      let newest = 0;
      subscribers.set(edge, subscriber);
      const applied = (sequence: number) => {
        newest = Math.max(newest, sequence);
        book.applied(edge, newest);
        acknowledge();
      };
      return {
        renew(renewal, sequence) {
          applied(sequence);
          book.renewed(edge, now());
          renewals.asked(edge, renewal);
          void pump();
        },
        applied,
        told(told) {
          book.told(edge, told);
          if (told.sequence <= newest) applied(newest);
        },
        gaveUp: () => book.left(edge),
        leave() {
          subscribers.delete(edge);
          renewals.left(edge);
          book.left(edge);
        },
      };
    },
    awaited(place) {
      book.awaited(place, now());
      // Nobody may have a lease, or all of those who have one are not concerned.
      acknowledge();
    },
    count: () => book.edges(now()),
    async close() {
      isClosed = true;
      clearTimeout(leaving);
      await saving?.catch(() => undefined);
    },
  };
}
