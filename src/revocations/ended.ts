import type { DeviceRef } from '@signum/token';
import { committedAtMs, type FeedEvent } from '../store/feed/event.ts';
import { decodeMember } from '../store/scripts/keys.ts';

export type { FeedEvent } from '../store/feed/event.ts';

/** When it was committed, by the store's clock. */
export function endedAtMs(event: FeedEvent): number {
  return committedAtMs(event);
}

/** Whose token it was. */
export function deviceOf({ member }: FeedEvent): DeviceRef | undefined {
  return decodeMember(member);
}

/** What a watermark is about. */
export function scopeOf({
  kind,
  member,
}: FeedEvent):
  | { readonly tenantId: string }
  | { readonly keyId: string }
  | { readonly lost: string }
  | 'all' {
  const name = member.slice(member.indexOf(':') + 1);
  if (kind === 'REVOKE_TENANT') return { tenantId: name };
  if (kind === 'LOSS') return { lost: name };
  return kind === 'REVOKE_KEY' ? { keyId: name } : 'all';
}
