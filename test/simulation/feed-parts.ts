import type { FeedPart, FeedPlace } from '../../packages/edge/src/core/feed-message.ts';
import type { Mark } from '../../packages/edge/src/core/watermarks.ts';
import { type FeedExtent, joinFeed } from '../../src/revocations/core/join-feed.ts';
import { CLOCK_SKEW_MS, DEPOSED_MS, type Entry, type Told } from './store.ts';

export const LEASE_MS = 1_000;

/** A part on its way to a subscriber, and what only the simulation knows of it. */
export interface Queued {
  readonly part: FeedPart;
  readonly committed?: ReadonlyMap<number, readonly Entry[]>;
  /** Up to where it brings a partition. */
  readonly brings?: { readonly partition: number; readonly revision: number };
}

export const WELCOME: FeedPart = {
  kind: 'WELCOME',
  deploymentId: 'd',
  partitions: 2,
  leaseMs: LEASE_MS,
  issuer: 'https://issuer.example',
  audiences: ['api'],
  clockSkewMs: CLOCK_SKEW_MS,
  failoverWindowMs: DEPOSED_MS,
  tenantIds: [],
};

export function placeOf(partition: number, entry: Entry | undefined): FeedPlace {
  return { partition, revision: entry?.revision ?? 0, entryId: entry?.entryId ?? '' };
}

export function continues(from: FeedPlace, log: readonly Entry[]): boolean {
  return joinFeed({ ...from, deploymentId: 'd' }, extentOf(log, from)) === 'CONTINUE';
}

function extentOf(log: readonly Entry[], { revision }: FeedPlace): FeedExtent {
  const { revision: head, entryId } = placeOf(0, log.at(-1));
  return {
    deploymentId: 'd',
    head: { revision: head, entryId },
    oldestRevision: log[0]?.revision ?? head + 1,
    entryIdAtCursor: log[revision - 1]?.entryId,
  };
}

/** What is known after all of them: of the last checkpoint, unless something begins anew behind it. */
export function committedBefore(items: readonly Queued[]): ReadonlyMap<number, readonly Entry[]> {
  const last = items.findLastIndex(({ committed }) => committed !== undefined);
  const isLast = items.slice(last + 1).every(({ part }) => part.kind === 'EVENTS');
  return (isLast ? items[last]?.committed : undefined) ?? new Map();
}

export function eventOf({ revision, entryId, awaited, storeMs, change }: Entry) {
  if (change === undefined) return undefined;
  if ('token' in change) {
    const { idBytes: tokenId, expiresAtS } = change.token;
    return { revision, entryId, awaited, change: { ended: { tokenId, expiresAtS, reason: 1 } } };
  }
  return { revision, entryId, awaited, change: { watermark: markOf(change, storeMs, revision) } };
}

/** The state of a partition, in two parts: what is told of it by the first alone is not all of it. */
export function snapshotOf(partition: number, log: readonly Entry[]): readonly Queued[] {
  const half = Math.floor(log.length / 2);
  return [
    { part: { ...stateOf(partition, log.slice(0, half)), first: true, last: false } },
    {
      part: { ...stateOf(partition, log.slice(half)), first: false, last: true },
      brings: { partition, revision: log.at(-1)?.revision ?? 0 },
    },
  ];
}

function stateOf(partition: number, log: readonly Entry[]) {
  const tokens = log.flatMap(({ change }) => (change && 'token' in change ? [change.token] : []));
  const watermarks = log.flatMap(({ change, storeMs: timeMs, revision }) => {
    if (change === undefined || 'token' in change) return [];
    return [markOf(change, timeMs, revision)];
  });
  const ended = {
    tokenIds: Uint8Array.from(tokens.flatMap(({ idBytes }) => [...idBytes])),
    expiresAtS: tokens.map(({ expiresAtS }) => expiresAtS),
    reasons: tokens.map(() => 1),
  };
  return { kind: 'SNAPSHOT' as const, partition, ended, watermarks };
}

function markOf(
  change: Exclude<Told, { readonly token: unknown }>,
  timeMs: number,
  revision: number,
): Mark {
  const at = { timeMs, revision };
  return 'lost' in change
    ? { ...at, scope: { lost: change.lost } }
    : { ...at, scope: { tenantId: change.tenantId } };
}
