import type { CallerEvent } from '../../callers/administer.ts';
import type { Call, Subject } from '../../domain/call.ts';
import { callerName } from '../../domain/caller.ts';
import type { Reason, SignumError } from '../../domain/errors.ts';
import { OAUTH_REVOKE, OAUTH_TOKEN } from '../../policy/access-table.ts';
import type { Keys } from '../../rpc/methods/keys.ts';
import type { KeyRing } from '../../signing/ring/key-ring.ts';
import type { Audit } from '../../telemetry/audit.ts';
import type { AuditEvent, AuditEventName } from '../../telemetry/audit-event.ts';
import { createRefusals } from '../../telemetry/refusals.ts';
import type { SessionEvent, Telemetry } from '../../telemetry/telemetry.ts';
import type { TokenEvent } from '../../tokens/event.ts';

/** Tells the audit trail and the metrics what has happened. */
export interface Report {
  token(event: TokenEvent): void;
  caller(event: CallerEvent): void;
  keyRotated(call: Call, keyId: string): void;
  /** A call that has failed. */
  failure(call: Call, error: SignumError): void;
  /** Tells what is still being counted. */
  flush(): void;
}

const COUNTED: { readonly [E in TokenEvent['event']]?: SessionEvent } = {
  issue: 'issued',
  supersede: 'superseded',
  refresh: 'refreshed',
  reuse: 'reused',
  revoke: 'revoked',
  revoke_user: 'revoked',
};

/** What calls change, by endpoint. Of others only those are told that the caller may not make. */
const CHANGES: { readonly [endpoint: string]: AuditEventName } = {
  'signum.v1.TokenService/Issue': 'issue',
  'signum.v1.TokenService/Refresh': 'refresh',
  'signum.v1.TokenService/Revoke': 'revoke',
  'signum.v1.TokenService/RevokeUser': 'revoke_user',
  'signum.v1.TokenService/RevokeTenant': 'revoke_tenant',
  'signum.v1.KeyService/RotateKey': 'key_rotate',
  'signum.v1.KeyService/RevokeKey': 'key_revoke',
  'signum.v1.CallerService/CreateCaller': 'caller_create',
  'signum.v1.CallerService/RotateCallerKey': 'caller_rotate_key',
  'signum.v1.CallerService/SetCallerDisabled': 'call',
  'signum.v1.CallerService/DeleteCaller': 'caller_delete',
  [OAUTH_TOKEN]: 'refresh',
  [OAUTH_REVOKE]: 'revoke',
};

const DENIALS: ReadonlySet<Reason> = new Set([
  'CREDENTIAL_MISSING',
  'CREDENTIAL_INVALID',
  'PERMISSION_DENIED',
]);

/** Whom a call that has failed was about, as far as that is believed. */
function subjectOf({ about, caller }: Call): Subject | undefined {
  if (about !== undefined || caller.kind !== 'user') return about;
  const { tenantId, userId } = caller.device;
  return { tenantId, userId };
}

export function createReport(audit: Audit, telemetry: Telemetry): Report {
  const refusals = createRefusals({ record: (event) => audit.record(event) });
  const who = ({ requestId, caller, peer }: Call) => ({
    requestId,
    caller: callerName(caller),
    peer,
  });
  return {
    token({ event, call, failure, ...about }) {
      const counted = COUNTED[event];
      if (counted && failure !== 'DURABILITY_UNCONFIRMED')
        telemetry.session(counted, about.count ?? 1);
      const name: AuditEventName = event === 'revoke_key' ? 'key_revoke' : event;
      const done = { event: name, ...who(call), ...about };
      const { method } = call;
      if (failure === undefined) audit.record({ ...done, outcome: 'ok' });
      else audit.record({ ...done, outcome: 'failed', applied: true, method, reason: failure });
    },
    caller({ event, call, target }) {
      audit.record({ event, outcome: 'ok', ...who(call), target });
    },
    keyRotated(call, keyId) {
      audit.record({ event: 'key_rotate', outcome: 'ok', ...who(call), keyId });
    },
    failure(call, { reason }) {
      const change = CHANGES[call.method];
      const outcome = DENIALS.has(reason) ? 'denied' : 'failed';
      // What stands although the call has failed is told by the use-case, which knows what it is.
      if (call.hasChanged || (!change && outcome === 'failed')) return;
      const { method } = call;
      const about = subjectOf(call);
      const event: AuditEvent = {
        ...{ event: change ?? 'call', outcome, ...who(call), ...about, method, reason },
      };
      if (change && call.caller.kind === 'service') audit.record(event);
      else refusals.record(event);
    },
    flush: () => refusals.flush(),
  };
}

/** The key ring as KeyService uses it: a rotation is told to the audit trail once it is done. */
export function auditedKeys(ring: KeyRing, report: Report): Keys {
  return {
    jwksJson: () => ring.jwksJson(),
    list: () => ring.list(),
    refresh: () => ring.refresh(),
    revoke: (keyId, call) => ring.revoke(keyId, call),
    async rotate(algorithm, call) {
      const key = await ring.rotate(algorithm, call);
      report.keyRotated(call, key.keyId);
      return key;
    },
  };
}
