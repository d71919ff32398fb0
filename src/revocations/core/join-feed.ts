/** A place in one partition's history. */
export interface Place {
  readonly revision: number;
  /** The id of the feed's entry with that revision; empty where the feed had none. */
  readonly entryId: string;
}

/** What the primary says of the feed of one partition. */
export interface FeedExtent {
  readonly deploymentId: string;
  /** The newest place. */
  readonly head: Place;
  /** The revision of the oldest entry that is kept; beyond the head where there is none. */
  readonly oldestRevision: number;
  /** The id of the entry with the cursor's revision; undefined if it is not kept. */
  readonly entryIdAtCursor: string | undefined;
}

export type Join = 'CONTINUE' | 'OTHER_DEPLOYMENT' | 'HISTORY_LOST' | 'TRIMMED';

/**
 * Whether a subscriber that was told everything up to a place can go on from there. A revision alone
 * does not say which history it is of: after a failover, or a lost tail of the log, another event may
 * have it. So the entry must still be there, under the same id.
 */
export function joinFeed(
  cursor: Place & { readonly deploymentId: string },
  { deploymentId, head, oldestRevision, entryIdAtCursor }: FeedExtent,
): Join {
  if (cursor.deploymentId !== deploymentId) return 'OTHER_DEPLOYMENT';
  if (cursor.revision > head.revision) return 'HISTORY_LOST';
  if (cursor.revision === head.revision && cursor.entryId === head.entryId) return 'CONTINUE';
  if (cursor.revision < oldestRevision) return 'TRIMMED';
  return cursor.entryId === entryIdAtCursor ? 'CONTINUE' : 'HISTORY_LOST';
}
