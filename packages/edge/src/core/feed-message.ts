import type { Mark } from './watermarks.ts';

/** What a server tells a subscriber at once: WatchResponse of feed_service.proto, in types of its own. */
export interface FeedMessage {
  readonly sequence: number;
  /** In their order; one at least. */
  readonly parts: readonly FeedPart[];
}

export type FeedPart = Welcome | Keys | Snapshot | Events | Checkpoint | Reset;

export interface Welcome {
  readonly kind: 'WELCOME';
  readonly deploymentId: string;
  readonly partitions: number;
  readonly leaseMs: number;
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly clockSkewMs: number;
  readonly failoverWindowMs: number;
  /** Tenants whose ends are told; empty for all. */
  readonly tenantIds: readonly string[];
}

export interface Keys {
  readonly kind: 'KEYS';
  readonly jwksJson: string;
}

export interface Snapshot {
  readonly kind: 'SNAPSHOT';
  readonly partition: number;
  readonly first: boolean;
  readonly last: boolean;
  readonly ended: EndedColumns;
  readonly watermarks: readonly Mark[];
}

/** Ended tokens, a column a fact. */
export interface EndedColumns {
  /** 16 bytes each, one after the other. */
  readonly tokenIds: Uint8Array;
  readonly expiresAtS: readonly number[];
  /** Numbers of RevocationReason. */
  readonly reasons: readonly number[];
}

export interface Events {
  readonly kind: 'EVENTS';
  readonly events: readonly FeedEvent[];
}

export interface FeedEvent {
  readonly partition: number;
  readonly revision: number;
  readonly entryId: string;
  /** Whether a revocation waits until it has been applied. */
  readonly awaited: boolean;
  readonly change: { readonly ended: EndedToken } | { readonly watermark: Mark };
}

export interface EndedToken {
  /** 16 bytes. */
  readonly tokenId: Uint8Array;
  readonly expiresAtS: number;
  readonly reason: number;
}

export interface Checkpoint {
  readonly kind: 'CHECKPOINT';
  /** The newest renewal that it answers; 0 for none. */
  readonly renewal: number;
  /** The store's time when it was taken. */
  readonly timeMs: number;
  readonly moved: readonly FeedPlace[];
  /** Partitions that it does not speak for. */
  readonly uncovered: readonly number[];
}

/** A place in the feed of one partition. */
export interface FeedPlace {
  readonly partition: number;
  readonly revision: number;
  readonly entryId: string;
}

export interface Reset {
  readonly kind: 'RESET';
  readonly partition: number;
}

/** Up to where everything has been told: where another stream may go on. */
export interface FeedCursor {
  readonly deploymentId: string;
  readonly partitions: readonly FeedPlace[];
}
