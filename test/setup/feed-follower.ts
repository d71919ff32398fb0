import { uuidv7 } from 'uuidv7';
import { expect } from 'vitest';
import type { FeedPart } from '../../src/revocations/responses.ts';
import { createRevocations, type Revocations } from '../../src/revocations/revocations.ts';
import type { FeedEvent } from '../../src/store/feed/event.ts';
import type { Store } from '../../src/store/store.ts';
import { until } from './until.ts';

/** A subscriber that does what an edge does with what it is told, and holds it to what was promised. */
export interface Follower {
  /** Ids of tokens. */
  readonly ended: ReadonlySet<string>;
  readonly resets: readonly string[];
  /** Asks for a checkpoint that covers everything, and waits for it. */
  checkpoint(): Promise<void>;
  leave(): void;
}

const COVERED_MS = 60_000;

export async function followFeed(revocations: Revocations): Promise<Follower> {
  const watching = await revocations.watch.begin({ tenants: '*', cursor: undefined, edge: false });
  const { subscriber } = watching;
  const byPartition = new Map<number, Map<string, number>>();
  const newest = new Map<number, number>();
  const resets: string[] = [];
  let covered = 0;
  let wrong: string | undefined;

  const apply = (part: FeedPart): void => {
    if (part.kind === 'reset') {
      resets.push(part.reason);
      newest.delete(part.partition);
    }
    if (part.kind === 'snapshot') {
      if (part.first) byPartition.set(part.partition, new Map());
      add(part.partition, part.events);
    }
    if (part.kind === 'checkpoint' && part.uncovered.length === 0) covered += 1;
    if (part.kind !== 'events') return;
    for (const { partition, events } of part.partitions) {
      for (const { revision } of events) {
        if (revision <= (newest.get(partition) ?? 0)) wrong ??= `${revision} came again`;
        newest.set(partition, revision);
      }
      add(partition, events);
    }
  };
  const add = (partition: number, events: readonly FeedEvent[]): void => {
    const known = byPartition.get(partition);
    if (!known && events.length > 0) wrong ??= 'events came before the snapshot';
    for (const { revision, tokenId } of events) known?.set(tokenId, revision);
  };
  void (async () => {
    for (let next = await subscriber.next(); next; next = await subscriber.next()) {
      for (const part of next.parts) apply(part);
    }
  })();
  return {
    get ended() {
      expect(wrong).toBeUndefined();
      return new Set([...byPartition.values()].flatMap((known) => [...known.keys()]));
    },
    resets,
    async checkpoint() {
      const before = covered;
      await until(
        'a checkpoint covers every partition',
        async () => {
          const { timeMs, places } = await revocations.hub.vouch();
          subscriber.checkpoint(0, timeMs, places);
          return covered > before;
        },
        COVERED_MS,
      );
    },
    leave: () => watching.leave(),
  };
}

export function startRevocations(store: Store): Revocations {
  return createRevocations({
    store,
    terms: { leaseMs: 1_000, deposedMs: 0 },
    newId: uuidv7,
    jwks: () => '{"keys":[]}',
    timeoutMs: 1_000,
    mostWaiting: 16,
    onFault: () => undefined,
  });
}
