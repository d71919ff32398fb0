import type { CallerEvent } from '../callers/administer.ts';
import type { Call } from '../domain/call.ts';
import { callerName } from '../domain/caller.ts';
import type { Audit } from '../telemetry/audit.ts';
import type { SessionEvent, Telemetry } from '../telemetry/telemetry.ts';
import type { TokenEvent } from '../tokens/event.ts';

/** Tells the audit trail and the metrics what has happened. */
export interface Report {
  token(event: TokenEvent): void;
  caller(event: CallerEvent): void;
  keyRotated(call: Call, keyId: string): void;
}

const COUNTED: { readonly [E in TokenEvent['event']]?: SessionEvent } = {
  issue: 'issued',
  supersede: 'superseded',
  refresh: 'refreshed',
  reuse: 'reused',
  revoke: 'revoked',
  revoke_user: 'revoked',
};

export function createReport(audit: Audit, telemetry: Telemetry): Report {
  const who = ({ requestId, caller, peer }: Call) => ({
    outcome: 'ok' as const,
    requestId,
    caller: callerName(caller),
    peer,
  });
  return {
    token({ event, call, ...about }) {
      const counted = COUNTED[event];
      if (counted) telemetry.session(counted, about.count ?? 1);
      const name = event === 'revoke_key' ? 'key_revoke' : event;
      audit.record({ event: name, ...who(call), ...about });
    },
    caller({ event, call, target }) {
      audit.record({ event, ...who(call), target });
    },
    keyRotated(call, keyId) {
      audit.record({ event: 'key_rotate', ...who(call), keyId });
    },
  };
}
