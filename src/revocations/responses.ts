import type { FeedEvent } from '../store/feed/event.ts';
import type { FeedPlace } from '../store/feed/read-feed.ts';

/** Why a partition begins anew for a subscriber. */
export type ResetReason = 'OTHER_DEPLOYMENT' | 'HISTORY_LOST' | 'TRIMMED' | 'SLOW' | 'SOURCE_LOST';

/** A part of the state of one partition: the ends and watermarks that still count. */
export interface SnapshotPart {
  readonly kind: 'snapshot';
  readonly partition: number;
  readonly first: boolean;
  readonly last: boolean;
  readonly events: readonly FeedEvent[];
  /** Up to where the snapshot goes; of the last part only. */
  readonly place: FeedPlace | undefined;
}

/** Ends and watermarks; the same object for all subscribers that are told the same. */
export interface Events {
  readonly kind: 'events';
  readonly partitions: readonly PartitionEvents[];
}

/** Ends and watermarks of one partition, in the order of their commits. */
export interface PartitionEvents {
  readonly partition: number;
  readonly events: readonly FeedEvent[];
  /** The revision up to which nothing more will be told, whatever was left out of `events`. */
  readonly upTo: number;
}

/** Everything that was committed before it was asked for has been told, but in `uncovered`. */
export interface Checkpoint {
  readonly kind: 'checkpoint';
  /** The newest renewal that had come before it was asked for; 0 for none. */
  readonly renewal: number;
  /** The store's time when it was taken. */
  readonly timeMs: number;
  /** Where partitions stand that have moved since that was told last; not with each checkpoint. */
  readonly moved: readonly { readonly partition: number; readonly place: FeedPlace }[];
  readonly uncovered: readonly number[];
}

export interface Reset {
  readonly kind: 'reset';
  readonly partition: number;
  readonly reason: ResetReason;
}

/** The public keys have changed: a JSON Web Key Set. */
export interface KeysChanged {
  readonly kind: 'keys';
  readonly jwks: string;
}

/** What comes first. */
export interface Welcome {
  readonly kind: 'welcome';
  readonly deploymentId: string;
}

/** A part of what a subscriber is told. */
export type FeedPart = Welcome | KeysChanged | SnapshotPart | Events | Checkpoint | Reset;

/** What a subscriber is told at once, in order. */
export interface FeedResponse {
  /** Its number on the stream, from 1. */
  readonly sequence: number;
  readonly parts: readonly FeedPart[];
}
