import type { Reason } from '../domain/errors.ts';
import type { RevocationReason } from '../domain/session.ts';
import { maskId } from './mask.ts';

export type AuditEventName =
  | 'issue'
  | 'supersede'
  | 'refresh'
  | 'reuse'
  | 'revoke'
  | 'revoke_user'
  | 'revoke_tenant'
  | 'key_rotate'
  | 'key_revoke'
  | 'caller_create'
  | 'caller_rotate_key'
  | 'caller_disable'
  | 'caller_enable'
  | 'caller_delete'
  | 'call';

/** `ok`: done. `denied`: refused to this caller. `failed`: not done, or not known to be done. */
export type AuditOutcome = 'ok' | 'denied' | 'failed';

/** Something that happened to a session, a key or a caller, and who did it. */
export interface AuditEvent {
  readonly event: AuditEventName;
  readonly outcome: AuditOutcome;
  /** Absent where one line tells of several calls. */
  readonly requestId?: string | undefined;
  /** Who called: a service caller's name, `user` or `anonymous`. */
  readonly caller: string;
  /** IP address of the peer. */
  readonly peer?: string | undefined;
  readonly tenantId?: string | undefined;
  readonly userId?: string | undefined;
  readonly deviceId?: string | undefined;
  readonly sessionId?: string | undefined;
  /** `jti` of the access token. */
  readonly tokenId?: string | undefined;
  /** `kid` of the signing key, in `key_*` events. */
  readonly keyId?: string | undefined;
  /** The caller that was changed, in `caller_*` events. */
  readonly target?: string | undefined;
  /** The endpoint called, if the call did not succeed. */
  readonly method?: string | undefined;
  /** Set where something stands although the call has failed. */
  readonly applied?: true | undefined;
  /** Sessions ended, in `revoke*` events; calls like this one, if they did not succeed. */
  readonly count?: number | undefined;
  /** Why a session ended, or why the call did not succeed. */
  readonly reason?: RevocationReason | Reason | undefined;
}

/** One line of the audit trail, version 1; documented in docs/reference/audit-events.md. */
export function formatAuditEvent(event: AuditEvent, nowMs: number): string {
  const line = {
    v: 1,
    time: new Date(nowMs).toISOString(),
    event: event.event,
    outcome: event.outcome,
    request_id: event.requestId,
    caller: event.caller,
    peer: event.peer,
    tenant_id: event.tenantId,
    user_id: event.userId,
    device_id: event.deviceId,
    session_id: event.sessionId,
    token_id: event.tokenId,
    key_id: event.keyId,
    target: event.target,
    method: event.method,
    applied: event.applied,
    count: event.count,
    reason: event.reason,
  };
  const text = JSON.stringify(line);
  return `${SUSPICIOUS.test(text) ? JSON.stringify(line, maskStrings) : text}\n`;
}

/** What credentials have in them. Most lines have none of it, and are written as they are. */
const SUSPICIOUS = /eyJ|sgn_|:\/\//;

function maskStrings(_: string, value: unknown): unknown {
  return typeof value === 'string' ? maskId(value) : value;
}
