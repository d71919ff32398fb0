import type { FeedEvent } from '../store/feed/event.ts';
import { decodeId } from '../store/scripts/keys.ts';

/** Whose ends a subscriber is told. */
export type Tenants = ReadonlySet<string> | '*';

/** The same for the same tenants, in whichever order they were named. */
export function scopeName(tenants: Tenants): string {
  // Ids have no control characters.
  return tenants === '*' ? '*' : `t\0${[...tenants].sort().join('\0')}`;
}

/** Whether an event ends something of these tenants, or may have. */
export function concerns(event: FeedEvent, tenants: Tenants): boolean {
  if (event.kind === 'ISSUE' || event.kind === 'FENCE') return false;
  if (tenants === '*') return true;
  const tenant = tenantOf(event);
  return tenant === undefined || tenants.has(tenant);
}

/** The tenant that an event is about; undefined if it is about more than one. */
function tenantOf({ kind, member }: FeedEvent): string | undefined {
  if (kind === 'REVOKE_TENANT') return member.slice('t:'.length);
  if (kind === 'REVOKE_KEY' || kind === 'REVOKE_ALL' || kind === 'LOSS') return undefined;
  return decodeId(member.slice(0, member.indexOf(':')));
}
