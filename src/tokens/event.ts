import type { Call } from '../domain/call.ts';
import type { RevocationReason } from '../domain/session.ts';

/** Something that has happened to sessions, for audit and metrics. Holds ids only, never a token. */
export interface TokenEvent {
  readonly event:
    | 'issue'
    | 'supersede'
    | 'refresh'
    | 'reuse'
    | 'revoke'
    | 'revoke_user'
    | 'revoke_tenant'
    | 'revoke_key';
  readonly call: Call;
  readonly tenantId?: string | undefined;
  readonly userId?: string | undefined;
  readonly deviceId?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly tokenId?: string | undefined;
  readonly keyId?: string | undefined;
  readonly reason?: RevocationReason | undefined;
  /** Sessions that it ended. */
  readonly count?: number | undefined;
}
