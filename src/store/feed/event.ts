import type { RevocationReason } from '../../domain/session.ts';

/**
 * What a change of a partition was. All but `ISSUE`, `FENCE` and `LOSS` end something. `FENCE` says that a
 * revocation waits until everything before it has been applied; `LOSS`, a watermark, that a primary of another
 * history has taken over, and sessions that were begun before may be gone.
 */
export type FeedEventKind =
  | 'ISSUE'
  | 'REFRESH'
  | 'SUPERSEDE'
  | 'REVOKE'
  | 'EXPIRE'
  | 'REVOKE_TENANT'
  | 'REVOKE_KEY'
  | 'REVOKE_ALL'
  | 'FENCE'
  | 'LOSS';

/** One change of a partition, as its feed and its channel tell it. */
export interface FeedEvent {
  readonly revision: number;
  /** Of the stream's entry: the same revision under another id is another history. */
  readonly entryId: string;
  readonly kind: FeedEventKind;
  /** When the token that it is about expires; of a watermark, when it is of no use any more. */
  readonly expiresAtMs: number;
  /** Empty for `ISSUE`, `FENCE` and watermarks. */
  readonly reason: RevocationReason | '';
  /** Empty for `FENCE` and watermarks, as is `tokenId`. */
  readonly sessionId: string;
  readonly tokenId: string;
  /** Whether a revocation waits until every edge has applied it. */
  readonly awaited: boolean;
  /** `<tenant>:<user>:<device>`, encoded; the field of a watermark. */
  readonly member: string;
}

/** Reads what lua/include/record.lua publishes; undefined if it is nothing of that kind. */
export function parseMessage(message: string): FeedEvent | undefined {
  const parts = message.split(' ');
  const [entryId, revision, kind, expiresAtMs, reason, sessionId, tokenId, awaited] = parts;
  if (parts.length < 9 || !entryId) return undefined;
  return {
    revision: Number(revision),
    entryId,
    kind: kind as FeedEventKind,
    expiresAtMs: Number(expiresAtMs),
    reason: reason as RevocationReason | '',
    sessionId: sessionId as string,
    tokenId: tokenId as string,
    awaited: awaited === '1',
    member: parts.slice(8).join(' '),
  };
}

/** When the change was committed, by the store's clock: its entry's id begins with it. */
export function committedAtMs({ entryId }: Pick<FeedEvent, 'entryId'>): number {
  return Number(entryId.slice(0, entryId.indexOf('-')));
}
